// The runner of the tests: what it makes of files that fail in each way that a file can (test/runner/planted).
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runFile } from '../../runner/file.mjs';
import { jobsOfFile, jobsOfTiers, restJobs, TIERS, usualJobs } from '../../runner/tiers.mjs';

const root = path.resolve(import.meta.dirname, '../../../..');

/** Seconds. Enough for Node to start beside other programs; two of the planted files end by it. */
const LIMIT = 15;

interface Planted {
  name: string;
  passed: number;
  /** Each failure, as `name: message` of one line. */
  failures: string[];
  printed?: string;
}

const PLANTED: Planted[] = [
  { name: 'crash', passed: 1, failures: ['crashes: ended by SIGABRT; 2 of 3 tests did not run'] },
  { name: 'hang', passed: 1, failures: [`hangs: did not end within ${LIMIT} s; 1 of 2 tests did not run`] },
  { name: 'stays', passed: 1, failures: [`hangs: did not end within ${LIMIT} s`] },
  { name: 'nothing', passed: 0, failures: ['counts nothing: no test ran: is test.run() missing?'] },
  { name: 'throws', passed: 0, failures: ['crashes: ended with status 1'], printed: 'planted: at import' },
  { name: 'forgets', passed: 1, failures: ['crashes: ended with status 1; 2 of 3 tests did not run'] },
  {
    name: 'set-up',
    passed: 0,
    failures: ['set-up: planted: the set-up', "teardown: Cannot read properties of undefined (reading 'close')"],
    printed: 'FAIL  set-up\n    planted: the set-up',
  },
  {
    name: 'teardown',
    passed: 1,
    failures: ['fails: planted: a test', 'teardown: planted: the teardown'],
    printed: 'FAIL  teardown\n    planted: the teardown',
  },
  { name: 'each', passed: 1, failures: ['first: planted: before each', 'second: planted: after each'] },
  {
    name: 'only',
    passed: 1,
    failures: ['all but "only" (test.only): is skipped: no test may be', 'skipped: is skipped: no test may be'],
  },
];

// All at once: they mostly wait.
const results = new Map(
  PLANTED.map(({ name }) => {
    const job = { tier: 'unit', file: `test/runner/planted/${name}.test.ts`, alone: false };
    return [name, runFile(root, job, LIMIT)];
  }),
);

for (const { name, passed, failures, printed = '' } of PLANTED)
  test(`a file is reported as what it is: ${name}`, async () => {
    const result = await results.get(name);
    assert.ok(result);
    assert.equal(
      result.failures.map((failure) => `${failure.name}: ${failure.message}`),
      failures,
    );
    assert.is(result.passed, passed);
    assert.ok(result.output.includes(printed), `it prints:\n${result.output}`);
  });

const label = ({ file, adapter }: { file: string; adapter?: string }) => `${file} on ${adapter}`;

test('npm test and the rest are every tier on every adapter, and no file twice on one', () => {
  const adapters = ['swiftshader', 'lavapipe'];
  const jobs = [...usualJobs(root, adapters), ...restJobs(root, adapters)].map(label);
  assert.is(new Set(jobs).size, jobs.length);
  for (const tier of ['kernel', 'train'])
    for (const adapter of adapters)
      assert.ok(
        jobs.some((job) => job.startsWith(`test/${tier}/`) && job.endsWith(adapter)),
        `${tier} on ${adapter}`,
      );
  for (const tier of Object.keys(TIERS))
    assert.ok(
      jobs.some((job) => job.startsWith(`test/${tier}/`)),
      tier,
    );
});

test('npm test runs what mostly compiles on SwiftShader where there is no hardware, the others on the quickest', () => {
  const on = (adapters: string[], tier: string) =>
    [...new Set(usualJobs(root, adapters).flatMap((job) => (job.tier === tier ? [job.adapter] : [])))].join();
  const all = ['swiftshader', 'lavapipe', 'hardware'];
  for (const [adapters, kernel, train] of [
    [all.slice(0, 1), 'swiftshader', 'swiftshader'],
    [all.slice(0, 2), 'swiftshader', 'lavapipe'],
    [all, 'hardware', 'hardware'],
  ] as const)
    assert.equal([on([...adapters], 'kernel'), on([...adapters], 'train')], [kernel, train]);
});

test('a file that is named as slow is in the rest, on every adapter of its tier', () => {
  const adapters = ['swiftshader', 'lavapipe'];
  const [usual, rest] = [usualJobs(root, adapters), restJobs(root, adapters)];
  let named = 0;
  for (const [tier, { rest: names }] of Object.entries(TIERS))
    for (const name of Array.isArray(names) ? names : []) {
      const file = `test/${tier}/${name}.test.ts`;
      assert.ok(!usual.some((job) => job.file === file) && rest.some((job) => job.file === file), file);
      named++;
    }
  assert.ok(named > 5, `${named} files`);
  assert.ok(usual.some(({ file }) => file === 'test/cli/train.test.ts'));
});

test('a file is known by its path, source or built', () => {
  const wanted = [{ tier: 'unit', file: 'test/unit/support/runner.test.ts', alone: false }];
  for (const name of ['test/unit/support/runner.test.ts', 'dist/test/unit/support/runner.test.js'])
    assert.equal(jobsOfFile(root, path.join(root, name), ['swiftshader']), wanted);
  assert.equal(jobsOfFile(root, path.join(root, 'test/unit/support/none.test.ts'), ['swiftshader']), []);
  assert.equal(jobsOfFile(root, path.join(root, 'test/runner/planted/crash.test.ts'), ['swiftshader']), []);
});

test('of a tier, the files that want both cores run alone', () => {
  const alone = (tier: string) =>
    jobsOfTiers(root, [tier], ['any'])
      .filter((job) => job.alone)
      .map(({ file }) => path.basename(file, '.test.ts'));
  const named = Object.entries(TIERS).flatMap(([tier, given]) =>
    Array.isArray(given.alone) ? [[tier, given.alone]] : [],
  );
  for (const [tier, names] of named) assert.equal(alone(String(tier)), names, `files of ${tier}`);
  assert.equal(alone('families'), ['profile', 'tuning']);
  assert.ok(alone('browser').length > 1 && alone('unit').length === 0);
});

test('what no adapter changes runs once, on the quickest; the others of its tier on each', () => {
  const adapters = ['swiftshader', 'lavapipe'];
  for (const [tier, { once = [] }] of Object.entries(TIERS)) {
    const jobs = [...usualJobs(root, adapters), ...restJobs(root, adapters)].filter((job) => job.tier === tier);
    for (const name of once)
      assert.equal(
        jobs.filter(({ file }) => file === `test/${tier}/${name}.test.ts`).map(({ adapter }) => adapter),
        ['lavapipe'],
        name,
      );
  }
  const rest = restJobs(root, adapters).map(label);
  assert.ok(rest.includes('test/train/pytorch.test.ts on swiftshader'));
  assert.not.ok(rest.includes('test/train/trainer.test.ts on swiftshader'));
});

test.run();
