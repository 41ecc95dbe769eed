// Plants each fault of faults.mjs in a copy of this tree, one at a time in each of two copies, and sees which of the tests that it
// names, most of them of `npm test`, catches it. Run by hand; takes half an hour on two cores. Writes the table test/faults/result.md:
// a fault that survived there is a test that is missing.
//
//   node test/faults/plant.mjs                 all of them
//   node test/faults/plant.mjs WORD...         those whose file or description contains one of the words; no table
//   LATENTGPU_ADAPTERS=swiftshader,lavapipe    on these adapters, the second where the first has not caught it; else these two:
//                                              SwiftShader compiles sooner, and has no f16
// @ts-check
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execute, runFile } from '../runner/file.mjs';
import { FAULTS, WITHOUT } from './faults.mjs';

/** @typedef {import('./faults.mjs').Fault} Fault */
/** @typedef {{ fault: Fault, caught?: { by: string, as: string } }} Row */

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const LIMIT = 600;
/** Copies of the tree, each with a fault of its own. */
const AT_ONCE = 2;
const adapters = (process.env.LATENTGPU_ADAPTERS ?? 'swiftshader,lavapipe').split(',');

/** Every shader and pass must have a fault. */
function refuseGaps() {
  const files = execFileSync('git', ['ls-files', 'shaders', 'src/plan', 'src/graph/grad.ts'], { cwd: root });
  const planted = new Set([...FAULTS.map(({ file }) => file), ...WITHOUT]);
  const gaps = files
    .toString()
    .trim()
    .split('\n')
    .filter((file) => !planted.has(file));
  for (const { file, search } of FAULTS)
    if (fs.readFileSync(path.join(root, file), 'utf8').split(search).length !== 2)
      throw new Error(`${file} must hold "${search}" once: mend test/faults/faults.mjs`);
  if (gaps.length > 0) throw new Error(`no fault is planted in ${gaps.join(', ')}: add one to test/faults/faults.mjs`);
}

/** A copy of what is committed or about to be, with this tree's packages. */
function copyTree() {
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-faults-'));
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const file of files.toString().trim().split('\n'))
    if (fs.existsSync(path.join(root, file))) fs.cpSync(path.join(root, file), path.join(copy, file));
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}

/** @param {string} copy @param {Fault} fault @returns {Promise<Row>} */
async function plant(copy, fault) {
  const file = path.join(copy, fault.file);
  const whole = fs.readFileSync(file, 'utf8');
  fs.writeFileSync(
    file,
    whole.replace(fault.search, () => fault.replace),
  );
  // The page's first model is trained anew for every change of a shader: ten seconds that few tests ask for.
  const page = fault.tests.some((name) => name.startsWith('browser/')) ? [] : ['--no-page'];
  try {
    const { status, output } = await execute(copy, [process.execPath, 'build.mjs', '--tests', ...page], {}, LIMIT);
    // A fault that no test gets to see says nothing about the tests.
    if (status !== 0) throw new Error(`${fault.file}: "${fault.what}" does not build:\n${output}`);
    return { fault, caught: await firstFailure(copy, fault) };
  } finally {
    fs.writeFileSync(file, whole);
  }
}

/** Whether a test passes without a fault, by file and adapter. @type {Map<string, boolean>} */
const sound = new Map();

/** A test that fails anyway catches nothing.
 * @param {import('../runner/tiers.mjs').Job} job */
async function isSound(job) {
  const key = `${job.file} on ${job.adapter}`;
  const known = sound.get(key);
  if (known !== undefined) return known;
  const { failures } = await runFile(pristine, job, LIMIT);
  if (failures[0]) console.log(`${key} fails without a fault, and catches nothing: ${failures[0].name}`);
  sound.set(key, failures.length === 0);
  return failures.length === 0;
}

/** @param {string} copy @param {Fault} fault */
async function firstFailure(copy, { tests }) {
  for (const file of tests.map((name) => `test/${name}.test.ts`))
    for (const adapter of file.startsWith('test/unit') ? [undefined] : adapters) {
      const job = { tier: '', file, ...(adapter && { adapter }), alone: true };
      const { failures } = await runFile(copy, job, LIMIT);
      const [first] = failures;
      if (first && (await isSound(job))) return { by: file.slice('test/'.length, -'.test.ts'.length), as: first.name };
    }
  return undefined;
}

/** @param {Row[]} rows */
function table(rows) {
  const caught = rows.filter((row) => row.caught).length;
  const equivalent = rows.filter((row) => !row.caught && row.fault.equivalent).length;
  const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 90);
  return `# Planted faults

What \`node test/faults/plant.mjs\` found, on ${adapters.join(', or else ')}: ${rows.length} faults, ${caught} caught, ${equivalent} without an effect, ${rows.length - caught - equivalent} survived.

| file | fault | caught by |
|---|---|---|
${rows
  .map(({ fault, caught }) => {
    const none = fault.equivalent ? `no effect: ${fault.equivalent}` : '**survived**';
    return `| ${fault.file} | ${fault.what} | ${caught ? `${caught.by}: ${cell(caught.as)}` : none} |`;
  })
  .join('\n')}
`;
}

refuseGaps();
const words = process.argv.slice(2);
const chosen = FAULTS.filter(
  ({ file, what }) => words.length === 0 || words.some((word) => `${file} ${what}`.includes(word)),
);
const copies = Array.from({ length: AT_ONCE }, copyTree);
const pristine = copyTree();
/** In the order of the faults. @type {Map<Fault, Row | undefined>} */
const found = new Map(chosen.map((fault) => [fault, undefined]));
const known = () => [...found.values()].filter((row) => row !== undefined);
const left = chosen.values();

/** Takes one fault after the other of those that are left. @param {string} copy */
async function plantThem(copy) {
  for (const fault of left) {
    const row = await plant(copy, fault);
    found.set(fault, row);
    const end = row.caught ? `caught by ${row.caught.by}` : fault.equivalent ? 'no effect' : 'SURVIVED';
    console.log(`${known().length}/${chosen.length} ${fault.file}: ${fault.what}: ${end}`);
    // As far as it has come: the whole takes long.
    if (words.length === 0) fs.writeFileSync(path.join(root, 'test/faults/result.md'), table(known()));
  }
}

try {
  await execute(pristine, [process.execPath, 'build.mjs', '--tests'], {}, LIMIT);
  await Promise.all(copies.map(plantThem));
} finally {
  for (const folder of [...copies, pristine]) fs.rmSync(folder, { recursive: true, force: true });
}
const rows = known();
process.exitCode = rows.some(({ fault, caught }) => !caught && !fault.equivalent) ? 1 : 0;
