// Runs the tests: `npm test`, or some tiers of them: `node test/run.mjs unit kernel`.
//   checks     types, formatting and lint, import directions, the lock file          no GPU
//   unit       everything that needs no device                                       no GPU
//   kernel     every kernel against f64                                              each adapter
//   train      plans, training, PyTorch's trajectory                                 each adapter
//   behaviour  each model of the family does what it is for                          the quickest adapter
//   cli        the programs, as their users start them                               SwiftShader
//   browser    the browser bundle in headless Chromium                               SwiftShader
// "Each adapter": SwiftShader always, lavapipe and hardware where the machine has them; the quickest is the last of these.
// LATENTGPU_ADAPTERS=a,b names others. Ends with `N passed, N failed`.
// @ts-check
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (/** @type {string} */ name) => path.join(root, 'node_modules', ...name.split('/'));
const node = process.execPath;

const CHECKS = [
  { name: 'types', command: [node, bin('typescript/bin/tsc'), '-p', '.'] },
  {
    name: 'types in a browser',
    command: [node, bin('typescript/bin/tsc'), '-p', 'test/browser'],
  },
  { name: 'format and lint', command: [node, bin('@biomejs/biome/bin/biome'), 'check', '.'] },
  {
    name: 'import directions',
    command: [node, bin('dependency-cruiser/bin/dependency-cruise.mjs'), 'src', 'harness', 'test'],
  },
  { name: 'lock file names no registry', command: [node, 'test/check-lock.mjs'] },
];
/** uvu colours what it prints, to a file too, unless it is told not to. */
const COLOUR = process.stdout.isTTY && !process.env.NO_COLOR ? '--color' : '--no-color';
const TIERS = ['checks', 'unit', 'kernel', 'train', 'behaviour', 'cli', 'browser'];
const ON_EACH_ADAPTER = new Set(['kernel', 'train']);
/** What a model learns is the same on every adapter, as `kernel` and `train` show, and learning takes long. */
const ON_QUICKEST_ADAPTER = new Set(['behaviour']);

/**
 * @param {string[]} command
 * @param {Record<string, string>} env
 * @returns {Promise<{ status: number, output: string }>}
 */
function execute(command, env = {}) {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        output += data;
        process.stdout.write(data);
      });
    child.on('close', (status) => resolve({ status: status ?? 1, output }));
  });
}

/** uvu's summary as numbers; a run that ended without one, or badly, has failed whatever it counted.
 * @param {{ status: number, output: string }} run */
function count({ status, output }) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: uvu colours its summary
  const plain = output.replace(/\x1b\[\d+m/g, '');
  const total = Number(/Total:\s+(\d+)/.exec(plain)?.[1] ?? 0);
  const passed = Number(/Passed:\s+(\d+)/.exec(plain)?.[1] ?? 0);
  const skipped = Number(/Skipped:\s+(\d+)/.exec(plain)?.[1] ?? 0);
  const bad = status !== 0 || total === 0 || skipped > 0;
  return { passed, failed: Math.max(total - passed, bad ? 1 : 0) };
}

/** The quickest is the last.
 * @returns {Promise<string[]>} */
async function adapters() {
  if (process.env.LATENTGPU_ADAPTERS) return process.env.LATENTGPU_ADAPTERS.split(',');
  const { listAdapters } = await import('latentgpu/node');
  const kinds = new Set((await listAdapters()).map((/** @type {{ kind: string }} */ adapter) => adapter.kind));
  return ['swiftshader', 'lavapipe', 'hardware'].filter((kind) => kind === 'swiftshader' || kinds.has(kind));
}

/** @param {string} tier @param {string} [adapter] */
async function runTier(tier, adapter) {
  const name = adapter ? `${tier} on ${adapter}` : tier;
  if (!fs.existsSync(path.join(root, 'dist/test', tier))) return { name, passed: 0, failed: 1, seconds: 0 };
  console.log(`\n${name}`);
  const started = performance.now();
  const command = [node, '--enable-source-maps', bin('uvu/bin.js'), COLOUR, `dist/test/${tier}`, '\\.test\\.js$'];
  const result = count(await execute(command, adapter ? { LATENTGPU_ADAPTER: adapter } : {}));
  return { name, ...result, seconds: (performance.now() - started) / 1000 };
}

async function runChecks() {
  const results = [];
  for (const { name, command } of CHECKS) {
    const started = performance.now();
    const { status } = await execute(command);
    results.push({
      name,
      passed: status === 0 ? 1 : 0,
      failed: status === 0 ? 0 : 1,
      seconds: (performance.now() - started) / 1000,
    });
  }
  return results;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((tier) => !TIERS.includes(tier));
if (unknown.length > 0) {
  console.error(`unknown tier "${unknown[0]}": must be one of ${TIERS.join(', ')}`);
  process.exit(2);
}
const tiers = asked.length > 0 ? asked : TIERS;
const results = [];
if (tiers.some((tier) => tier !== 'checks')) {
  const { status } = await execute([node, 'build.mjs', '--tests']);
  if (status !== 0) results.push({ name: 'build of the tests', passed: 0, failed: 1, seconds: 0 });
}
if (tiers.includes('checks')) results.push(...(await runChecks()));
for (const tier of tiers.filter((name) => name !== 'checks'))
  if (ON_EACH_ADAPTER.has(tier)) for (const adapter of await adapters()) results.push(await runTier(tier, adapter));
  else if (ON_QUICKEST_ADAPTER.has(tier)) results.push(await runTier(tier, (await adapters()).at(-1)));
  else results.push(await runTier(tier));

console.log('');
for (const { name, passed, failed, seconds } of results)
  console.log(
    `${failed ? 'FAILED' : 'ok    '} ${name}: ${passed} passed${failed ? `, ${failed} failed` : ''} (${seconds.toFixed(0)} s)`,
  );
const failed = results.reduce((sum, result) => sum + result.failed, 0);
console.log(`${results.reduce((sum, result) => sum + result.passed, 0)} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
