// What test files get as 'uvu' (build.mjs sees to it): uvu itself, and what it keeps to itself. uvu forgets an error that a
// `before` or an `.each` hook throws and then passes the file; one of an `after` ends the process and hides what came first.
// Here each is reported as itself, with what was to be seen of the pages that were open (test/browser/page.ts), and
// whatever is still open is closed, or the process would never end.
//
// test/runner/file.mjs reads what happened as lines of JSON from the file descriptor that LATENTGPU_TEST_REPORT names.
import fs from 'node:fs';
import * as uvu from 'uvu';

/** A page or a browser that a test file has open. */
export interface Open {
  /** What a person would see of it, for a report of a failure. */
  show?(): Promise<string>;
  close(): Promise<void>;
}

export const stillOpen = new Set<Open>();

type Callback<T> = uvu.Callback<T>;
type Context<T> = Parameters<Callback<T>>[0];

const descriptor = Number(process.env.LATENTGPU_TEST_REPORT);

function tell(event: Record<string, unknown>): void {
  if (descriptor > 2) fs.writeSync(descriptor, `${JSON.stringify(event)}\n`);
}

let failed = false;
// uvu sets the exit status when it is through, of the tests that it knows to have failed.
process.on('exit', () => {
  if (failed) process.exitCode ||= 1;
});

/** What all open pages show, before anything closes them. */
async function shown(): Promise<string> {
  const views = await Promise.all([...stillOpen].map((open) => open.show?.() ?? ''));
  return views.map((view) => (view === '' ? '' : `\n${view}`)).join('');
}

const viewed = new WeakSet<Error>();

/** The error, and what is to be seen now. */
export async function withView(thrown: unknown): Promise<Error> {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const view = viewed.has(error) ? '' : await shown();
  viewed.add(error);
  if (view) Object.defineProperty(error, 'message', { value: error.message + view }); // some have no setter
  return error;
}

function report(hook: 'set-up' | 'teardown', error: Error): void {
  failed = true;
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  tell({ event: 'failed', name: hook, message: error.message });
  process.stdout.write(`\n   FAIL  ${hook}\n    ${error.message.replaceAll('\n', '\n    ')}\n${frames.join('\n')}\n`);
}

async function closeRest(): Promise<void> {
  for (const open of [...stillOpen].reverse()) await open.close().catch(() => undefined);
  stillOpen.clear();
}

/** Every hook, whatever becomes of those before it. */
async function runAll<T>(hooks: readonly Callback<T>[], context: Context<T>): Promise<Error | undefined> {
  let first: Error | undefined;
  for (const hook of hooks)
    try {
      await hook(context);
    } catch (error) {
      first ??= await withView(error);
    }
  return first;
}

export function suite<T = Record<string, unknown>>(title = '', state?: T): uvu.Test<T> {
  const inner = uvu.suite<T>(title, state);
  const before: Callback<T>[] = [];
  const after: Callback<T>[] = [];
  const beforeEach: Callback<T>[] = [];
  const afterEach: Callback<T>[] = [];
  let count = 0;

  inner.before(async (context) => {
    try {
      for (const hook of before) await hook(context);
    } catch (error) {
      report('set-up', await withView(error));
      throw error; // uvu then runs no test
    }
  });
  inner.after(async (context) => {
    const error = await runAll(after, context);
    if (error) report('teardown', error);
    await closeRest();
  });

  const guarded =
    (name: string, handler: Callback<T>): Callback<T> =>
    async (context) => {
      let error: Error | undefined;
      try {
        for (const hook of beforeEach) await hook(context);
        await handler(context);
      } catch (thrown) {
        error = await withView(thrown);
      }
      const late = await runAll(afterEach, context);
      error ??= late;
      tell({ event: error ? 'failed' : 'passed', name: title ? `${title}: ${name}` : name, message: error?.message });
      if (error) throw error;
    };

  const test = (name: string, handler: Callback<T>) => {
    count++;
    inner(name, guarded(name, handler));
  };
  test.only = (name: string, handler: Callback<T>) => {
    count++;
    tell({ event: 'skipped', name: `all but "${name}" (test.only)` });
    inner.only(name, guarded(name, handler));
  };
  test.skip = (name = 'a test') => {
    tell({ event: 'skipped', name });
    inner.skip();
  };
  const hook = (all: Callback<T>[], each: Callback<T>[]) =>
    Object.assign((handler: Callback<T>) => void all.push(handler), {
      each: (handler: Callback<T>) => void each.push(handler),
    });
  test.before = hook(before, beforeEach);
  test.after = hook(after, afterEach);
  test.run = () => {
    tell({ event: 'declared', count });
    count = 0;
    inner.run();
  };
  return test;
}

export const test: uvu.Test = suite();
export type { Callback, Test } from 'uvu';
export { exec } from 'uvu';
