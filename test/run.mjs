// Runs the tests, each file in a process of its own, with a line a file.
//   npm test                              checks, unit, kernel, train, cli and browser, each file on one adapter
//   node test/run.mjs TIER...             those tiers; kernel and train on each adapter
//   node test/run.mjs rest                all that `npm test` leaves out: other adapters, pages, families, ...
//   node test/run.mjs test/unit/data/idx.test.ts ...   those files
// Adapters are SwiftShader always, lavapipe and hardware where the machine has them; the quickest is the last of these.
// LATENTGPU_ADAPTERS=a,b names others, LATENTGPU_TEST_LIMIT=N ends a file after N seconds. Ends with `N passed, N failed`.
// @ts-check
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execute, runFile } from './runner/file.mjs';
import { jobsOfFile, jobsOfTiers, restJobs, TIERS, usualJobs } from './runner/tiers.mjs';

/** @typedef {import('./runner/tiers.mjs').Job} Job */
/** @typedef {{ tier: string, name: string, passed: number, failures: { name: string, message: string }[], seconds: number }} Outcome */

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (/** @type {string} */ name) => path.join(root, 'node_modules', ...name.split('/'));
const node = process.execPath;

/** Seconds; many times what the slowest file takes. */
const LIMIT = Number(process.env.LATENTGPU_TEST_LIMIT ?? 600);
/** Files at a time: most of them use one core at a time. */
const AT_ONCE = 2;

const CHECKS = [
  { name: 'types', command: [node, bin('typescript/bin/tsc'), '-p', '.'] },
  { name: 'types in a browser', command: [node, bin('typescript/bin/tsc'), '-p', 'test/browser'] },
  { name: 'format and lint', command: [node, bin('@biomejs/biome/bin/biome'), 'check', '.'] },
  {
    name: 'import directions',
    command: [node, bin('dependency-cruiser/bin/dependency-cruise.mjs'), 'src', 'harness', 'test'],
  },
  { name: 'lock file names no registry', command: [node, 'test/check-lock.mjs'] },
  { name: 'the package as published', command: [node, 'test/check-package.mjs'] },
];

/** @type {Outcome[]} */
const outcomes = [];

/** A line of what became of a file, and, if it failed, all that it printed.
 * @param {Outcome & { output: string }} outcome */
function tell({ output, ...outcome }) {
  outcomes.push(outcome);
  const { name, passed, failures, seconds } = outcome;
  const count = failures.length > 0 ? `${passed} passed, ${failures.length} failed` : `${passed} passed`;
  console.log(`${failures.length > 0 ? 'FAILED' : 'ok    '} ${name}: ${count} (${seconds.toFixed(1)} s)`);
  if (failures.length > 0) console.log(`${output.trimEnd().replace(/^/gm, '       | ')}\n`);
}

/** @param {string} tier @param {string} name @param {string[]} command */
async function runCommand(tier, name, command) {
  const started = performance.now();
  const { status, output } = await execute(root, command, {}, LIMIT);
  const failures = status === 0 ? [] : [{ name: 'ends badly', message: `with status ${status}` }];
  const seconds = (performance.now() - started) / 1000;
  tell({ tier, name, passed: status === 0 ? 1 : 0, failures, output, seconds });
}

/** @param {Job} job */
async function runJob(job) {
  const name = job.file.replace(/^test\//, '').replace(/\.test\.ts$/, '') + (job.adapter ? ` on ${job.adapter}` : '');
  const tier = job.adapter ? `${job.tier} on ${job.adapter}` : job.tier;
  tell({ tier, name, ...(await runFile(root, job, LIMIT)) });
}

/** In order; those that want to be alone, after the others.
 * @param {Job[]} jobs */
async function runJobs(jobs) {
  const queue = jobs.filter(({ alone }) => !alone);
  const worker = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) await runJob(job);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const job of jobs.filter(({ alone }) => alone)) await runJob(job);
}

/** The quickest is the last.
 * @returns {Promise<string[]>} */
async function adaptersHere() {
  if (process.env.LATENTGPU_ADAPTERS) return process.env.LATENTGPU_ADAPTERS.split(',');
  // In a process of its own: Dawn warns on stderr of some adapters that it looks at.
  const script = `import { listAdapters } from 'latentgpu/node';
    console.log('KINDS', (await listAdapters()).map(({ kind }) => kind).join());`;
  const { output } = await execute(root, [node, '--input-type=module', '-e', script], {}, LIMIT);
  const kinds = new Set(/^KINDS (.*)$/m.exec(output)?.[1]?.split(','));
  return ['swiftshader', 'lavapipe', 'hardware'].filter((kind) => kind === 'swiftshader' || kinds.has(kind));
}

/** @param {string[]} asked tiers and files @param {string[]} adapters @returns {Job[]} */
function jobsFor(asked, adapters) {
  if (asked.length === 0) return usualJobs(root, adapters);
  const files = asked.filter((name) => name.includes('/')).flatMap((name) => jobsOfFile(root, name, adapters));
  const rest = asked.includes('rest') ? restJobs(root, adapters) : [];
  return [...files, ...jobsOfTiers(root, asked, adapters), ...rest];
}

/** @param {string[]} asked */
function refuseUnknown(asked) {
  const tiers = ['checks', ...Object.keys(TIERS), 'rest'];
  const unknown = asked.find(
    (name) => !tiers.includes(name) && !(name.includes('/') && jobsOfFile(root, name, ['any']).length > 0),
  );
  if (unknown === undefined) return;
  console.error(
    `"${unknown}" is no tier and no test file: must be one of ${tiers.join(', ')}, or a path such as test/unit/data/idx.test.ts`,
  );
  process.exit(2);
}

function summary() {
  const failed = outcomes.filter(({ failures }) => failures.length > 0);
  console.log('');
  for (const tier of new Set(outcomes.map((outcome) => outcome.tier))) {
    const of = outcomes.filter((outcome) => outcome.tier === tier);
    const passed = of.reduce((sum, outcome) => sum + outcome.passed, 0);
    const seconds = of.reduce((sum, outcome) => sum + outcome.seconds, 0);
    console.log(
      `${tier}: ${passed} passed in ${of.length} ${of.length === 1 ? 'file' : 'files'} (${seconds.toFixed(0)} s)`,
    );
  }
  if (failed.length > 0) console.log('\nFailed:');
  for (const { name, failures } of failed) {
    const [first, ...others] = failures;
    const more = others.length > 0 ? ` (and ${others.length} more)` : '';
    console.log(`  ${name}: ${first?.name}: ${first?.message.split('\n')[0]}${more}`);
  }
  const count = failed.reduce((sum, { failures }) => sum + failures.length, 0);
  console.log(`\n${outcomes.reduce((sum, outcome) => sum + outcome.passed, 0)} passed, ${count} failed`);
  process.exitCode = count > 0 ? 1 : 0;
}

const asked = process.argv.slice(2);
refuseUnknown(asked);
if (asked.length === 0 || asked.includes('checks'))
  for (const { name, command } of CHECKS) await runCommand('checks', name, command);
if (asked.length === 0 || asked.some((name) => name !== 'checks')) {
  await runCommand('build', 'build of the tests', [node, 'build.mjs', '--tests']);
  await runJobs(jobsFor(asked, await adaptersHere()));
}
summary();
