// Programs that use the library end by themselves when they have disposed the device, whatever happened before; and as the
// documentation says when they are stopped in the midst of training.
import { execFile } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

interface Result {
  out: string;
  err: string;
  /** Exit status, or the signal's name. */
  status: string;
}

/** Runs a program with `device`, `model`, `data` and the library in scope. */
function run(program: string): Promise<Result> {
  const code = `import * as lib from 'latentgpu/node';
    import { SHARE_ENV, Worker } from 'node:worker_threads';
    const { createModel, createTrainer, digits, linear, openDevice } = lib;
    const data = digits({ train: 256, test: 32 });
    const open = () => openDevice({ adapter: 'swiftshader' });
    const made = async (device) => createModel(device, linear({ latent: 2 }));
    ${program}`;
  const args = ['--input-type=module', '-e', code];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 120_000, killSignal: 'SIGKILL' }, (error, out, err) => {
      resolve({ out: out.trim(), err, status: String(error === null ? 0 : (error.signal ?? error.code)) });
    });
  });
}

async function check(program: string, status: string, out: string): Promise<void> {
  const got = await run(program);
  assert.equal([got.status, got.out], [status, out], `${got.err}\n${program}`);
}

test('after an error in createTrainer', () =>
  check(
    `const device = await open();
    try {
      await createTrainer(await made(device), data, { batch: 1000 });
    } catch (error) {
      console.log(error.name);
    } finally {
      device.dispose();
    }`,
    '0',
    'ArgumentError',
  ));

test('after device.dispose() while it trains, with an error that says so', () =>
  check(
    `const device = await open();
    const trainer = await createTrainer(await made(device), data, { batch: 16 });
    try {
      for await (const { epoch } of trainer.train({ epochs: 50 })) if (epoch === 2) device.dispose();
    } catch (error) {
      console.log(error.name, error.message.split(':')[0]);
    }`,
    '0',
    'DeviceError the device was disposed, and its memory with it',
  ));

test('stopped by a signal as the documentation says: abort, await, dispose, exitCode', () =>
  check(
    `const device = await open();
    const stop = new AbortController();
    process.on('SIGINT', () => stop.abort());
    const trainer = await createTrainer(await made(device), data, { batch: 16 });
    const onProgress = ({ step }) => { if (step >= 5) process.kill(process.pid, 'SIGINT'); };
    let last = 0;
    for await (const { step } of trainer.train({ epochs: 50, signal: stop.signal, onProgress })) last = step;
    console.log(last > 0 && last < 50 * 16);
    device.dispose();
    process.exitCode = 3;`,
    '3',
    'true',
  ));

test('a worker thread that trains is asked to stop, and awaited, as the documentation says', () =>
  check(
    `const train = \`
      import { parentPort } from 'node:worker_threads';
      import { createModel, createTrainer, digits, linear, openDevice } from 'latentgpu/node';
      const stop = new AbortController();
      parentPort.once('message', () => stop.abort());
      const device = await openDevice({ adapter: 'swiftshader' });
      const model = await createModel(device, linear({ latent: 2 }));
      const trainer = await createTrainer(model, digits({ train: 256, test: 32 }), { batch: 16 });
      for await (const { epoch } of trainer.train({ epochs: 1000, signal: stop.signal })) parentPort.postMessage(epoch);
      device.dispose();\`;
    const worker = new Worker(train, { eval: true, env: SHARE_ENV });
    worker.once('message', () => worker.postMessage('stop'));
    console.log(await new Promise((resolve) => worker.on('exit', resolve)));
    const device = await open();
    const trainer = await createTrainer(await made(device), data);
    for await (const { step } of trainer.train()) console.log(step);
    device.dispose();`,
    '0',
    '0\n2',
  ));

test('a worker thread with an environment of its own is told what SwiftShader needs', () =>
  check(
    `const opening = \`
      import { openDevice } from 'latentgpu/node';
      await openDevice({ adapter: 'swiftshader' });\`;
    const worker = new Worker(opening, { eval: true });
    const { message } = await new Promise((resolve) => worker.on('error', resolve));
    console.log(message.includes('{ env: SHARE_ENV }') || message);`,
    '0',
    'true',
  ));

test.run();
