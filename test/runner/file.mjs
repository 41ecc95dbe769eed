// Runs one test file in a process of its own and tells what became of it. A file that crashes, hangs or counts nothing is a
// failure of that name; what it did before counts.
// @ts-check
import { spawn } from 'node:child_process';
import path from 'node:path';

/** @typedef {import('./tiers.mjs').Job} Job */

/**
 * @typedef {object} Result
 * @property {number} passed
 * @property {{ name: string, message: string }[]} failures the first is the first that happened
 * @property {string} output of the file
 * @property {number} seconds
 */

/** Where the test file writes what happened: test/support/suite.ts. */
const REPORT = 3;

/** Processes under way, to be ended with this one. @type {Set<number>} */
const running = new Set();

/** Ends a process and all that it started.
 * @param {number} pid */
function end(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => {
    for (const pid of running) end(pid);
    process.exit(1);
  });

/**
 * @param {string} root
 * @param {string[]} command
 * @param {Record<string, string>} env
 * @param {number} limit seconds
 * @returns {Promise<{ status: number | null, signal: string | null, late: boolean, output: string, report: string }>}
 */
export function execute(root, command, env, limit) {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true, // a group of its own, to end with all that it started
    });
    const { pid = 0 } = child;
    running.add(pid);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end(pid);
    }, limit * 1000);
    const text = { output: '', report: '' };
    for (const [at, stream] of child.stdio.entries())
      stream?.on('data', (data) => {
        text[at === REPORT ? 'report' : 'output'] += data;
      });
    child.on('error', (error) => {
      text.output += `${error}\n`;
    });
    // Not 'close': a process that this one left behind may hold the pipes.
    child.on('exit', () => setTimeout(() => end(pid), 100).unref());
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      running.delete(pid);
      resolve({ status, signal, late, ...text });
    });
  });
}

/**
 * What a process and its report come to.
 * @param {{ status: number | null, signal: string | null, late: boolean, report: string }} run
 * @param {number} limit seconds
 */
export function judge({ status, signal, late, report }, limit) {
  const lines = report.split('\n').slice(0, -1); // one that is not ended was cut off with its process
  const events = lines.map((line) => JSON.parse(line));
  const of = (/** @type {string} */ kind) => events.filter(({ event }) => event === kind);
  const passed = of('passed').length;
  const failures = of('failed').map(({ name, message }) => ({ name, message: String(message) }));
  for (const { name } of of('skipped')) failures.push({ name, message: 'is skipped: no test may be' });
  const declared = of('declared').reduce((sum, { count }) => sum + count, 0);
  const missing = declared - passed - of('failed').filter(({ name }) => !['set-up', 'teardown'].includes(name)).length;
  const left = missing > 0 ? `; ${missing} of ${declared} tests did not run` : '';
  if (late) failures.push({ name: 'hangs', message: `did not end within ${limit} s${left}` });
  else if (signal) failures.push({ name: 'crashes', message: `ended by ${signal}${left}` });
  else if (failures.length === 0 && status !== 0)
    failures.push({ name: 'crashes', message: `ended with status ${status}${left}` });
  else if (declared === 0) failures.push({ name: 'counts nothing', message: 'no test ran: is test.run() missing?' });
  else if (failures.length === 0 && missing > 0)
    failures.push({ name: 'stops early', message: `${missing} of ${declared} tests did not run` });
  return { passed, failures };
}

/**
 * @param {string} root
 * @param {Job} job
 * @param {number} limit seconds
 * @returns {Promise<Result>}
 */
export async function runFile(root, { file, adapter }, limit) {
  const started = performance.now();
  const built = path.join('dist', file.replace(/\.ts$/, '.js'));
  // uvu colours what it prints, to a file too, unless it is told not to.
  const colour = process.stdout.isTTY && !process.env.NO_COLOR ? 'FORCE_COLOR' : 'NO_COLOR';
  const env = {
    [colour]: '1',
    LATENTGPU_TEST_REPORT: String(REPORT),
    // What was tuned on this machine changes the bits: programs in tests remember nothing unless a test says where.
    LATENTGPU_TUNING_CACHE: '',
    ...(adapter ? { LATENTGPU_ADAPTER: adapter } : {}),
  };
  const run = await execute(root, [process.execPath, '--enable-source-maps', built], env, limit);
  return { ...judge(run, limit), output: run.output, seconds: (performance.now() - started) / 1000 };
}
