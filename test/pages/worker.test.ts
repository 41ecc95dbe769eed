// What a page is spared while a session trains: waiting, a busy main thread, memory that grows; and what happens when the
// device goes, or there is none. The functions named ...Here run as text in the page.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type * as latentgpu from '../../src/index.js';
import type * as sessions from '../../src/worker/index.js';
import type { ServedFile } from '../browser/chromium.js';
import { closeBrowser, INSECURE_HOST, inPage, withPage } from '../browser/page.js';

type Lib = typeof latentgpu & typeof sessions;

/** A worker that runs `before` first. */
const workerFile = (before: string): [string, ServedFile][] => [
  [
    '/worker.js',
    {
      type: 'text/javascript',
      body: `import { serveSession } from '/latentgpu-worker.js'; ${before}; serveSession();`,
    },
  ],
];

async function busyHere(lib: Lib) {
  const dataset = lib.digits({ train: 2048, test: 128, seed: 3 });
  const model = lib.vae({ hidden: [128, 64], latent: 2 });
  const session = await lib.startSession({ model, dataset, training: { batch: 64 } });
  // Everything once, so that compiling is not what is measured.
  for await (const _ of session.train({ steps: 4 }));
  const codes = new Float32Array([0.5, -0.5]);
  const canvas = document.body.appendChild(document.createElement('canvas'));
  await session.decode(codes);
  await session.draw(canvas, { codes });

  const longTasks: number[] = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  }).observe({ type: 'longtask' });
  const observedFrom = performance.now();
  const stop = new AbortController();
  let last: latentgpu.Progress | undefined;
  const training = (async () => {
    const reports = [];
    const onProgress = (progress: latentgpu.Progress) => {
      last = progress;
    };
    for await (const report of session.train({ epochs: 1000, signal: stop.signal, onProgress })) reports.push(report);
    return reports;
  })();
  const waits: Record<'decode' | 'draw', number[]> = { decode: [], draw: [] };
  const steps: number[] = [];
  for (let call = 0; call < 30; call++)
    for (const kind of ['decode', 'draw'] as const) {
      const begun = performance.now();
      await (kind === 'decode' ? session.decode(codes) : session.draw(canvas, { codes }));
      waits[kind].push(performance.now() - begun);
      steps.push(last?.step ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  const perSecond = last?.stepsPerSecond ?? 0;
  const abortedAt = performance.now();
  const observed = abortedAt - observedFrom;
  stop.abort();
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error('60 s after the abort it still trains')), 60_000);
  });
  const reports = await Promise.race([training, late]);
  const stopping = performance.now() - abortedAt;
  const at = reports.at(-1)?.step;
  await new Promise((resolve) => setTimeout(resolve, 300));
  const step = last?.step;
  const went: latentgpu.EpochReport[] = [];
  for await (const report of session.train({ steps: 3 })) went.push(report);
  // A loop that is left early leaves the trainer free.
  for await (const _ of session.train({ epochs: 3 })) break;
  for await (const report of session.train({ steps: 1 })) went.push(report);
  session.dispose();
  return { waits, steps, longTasks, observed, perSecond, stopping, at, step, went, complete: reports.at(-1)?.complete };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

test('while it trains a session answers between steps, the main thread is free, and an abort stops it', async () => {
  const { value, complaints } = await inPage(busyHere);
  const { waits, steps, longTasks, observed, perSecond, stopping, at, step, went, complete } = value;
  assert.equal(complaints, []);
  for (const [kind, times] of Object.entries(waits))
    console.log(
      `${kind} while training at ${perSecond.toFixed(0)} steps/s: median ${median(times).toFixed(0)} ms, ` +
        `longest ${Math.max(...times).toFixed(0)} ms`,
    );
  console.log(
    `long tasks: ${longTasks.length ? longTasks.map((ms) => ms.toFixed(0)) : 'none'}; abort to stop ${stopping.toFixed(0)} ms`,
  );
  assert.ok((steps.at(-1) ?? 0) > (steps[0] ?? 0) + 10, `training went on between the calls: steps ${steps}`);
  // Two submits of 60 ms are in flight, and its own; ten times that on a busy machine. An epoch of these would take longer
  // only on a slow one, so that what is waited for is also counted in steps.
  for (const times of Object.values(waits)) assert.ok(median(times) < 1200, `${times}`);
  // On a busy machine a short task may take long, now and then.
  const blocked = longTasks.reduce((sum, ms) => sum + ms, 0) / observed;
  assert.ok(blocked < 0.05, `${(100 * blocked).toFixed(1)}% of the time in tasks of the main thread above 50 ms`);
  assert.ok(at, 'a report after the abort');
  // The abort may come at the end of an epoch, or so near to it that the next three steps would go beyond.
  const endAfter = (done: number) => (Math.floor(done / 32) + 1) * 32;
  assert.is(complete, at % 32 === 0);
  assert.is(step, at, 'no step after the last report');
  const goneOn = Math.min(at + 3, endAfter(at));
  assert.is(went[0]?.step, goneOn, 'another call goes on');
  assert.is(went[1]?.step, endAfter(goneOn) + 1, 'a loop left after an epoch');
});

/** Counts the buffers that exist; tells whoever asks on the channel. */
const COUNTING = `
  const alive = new Set();
  const create = GPUDevice.prototype.createBuffer;
  GPUDevice.prototype.createBuffer = function (...args) { const made = create.apply(this, args); alive.add(made); return made; };
  const destroy = GPUBuffer.prototype.destroy;
  GPUBuffer.prototype.destroy = function () { alive.delete(this); return destroy.call(this); };
  const channel = new BroadcastChannel('buffers');
  channel.onmessage = () => channel.postMessage({ count: alive.size, bytes: [...alive].reduce((sum, { size }) => sum + size, 0) });
`;

async function memoryHere(lib: Lib) {
  const channel = new BroadcastChannel('buffers');
  const alive = () =>
    new Promise<{ count: number; bytes: number }>((resolve) => {
      channel.onmessage = ({ data }) => resolve(data);
      channel.postMessage('?');
    });
  const dataset = lib.digits({ train: 128, test: 16, seed: 3 });
  const model = lib.vae({ hidden: [8], latent: 2 });
  const worker = new Worker('/worker.js', { type: 'module' });
  const session = await lib.startSession({ model, dataset, training: { batch: 8 }, worker });
  const canvas = document.createElement('canvas');
  const others = async () => {
    await session.draw(canvas, { samples: 4 });
    await session.reconstruct({ set: 'test', count: 4 });
    await session.save();
  };
  const counts = [];
  for (let round = 0; round < 5; round++) {
    for await (const _ of session.train({ steps: 400 }));
    await others();
    counts.push(await alive());
  }
  await session.restart();
  for await (const { step } of session.train({ steps: 400 })) if (step < 1) throw new Error();
  await others();
  counts.push(await alive());
  session.dispose();
  return counts;
}

test('2,000 steps and a restart leave as many buffers as 400 steps do', async () => {
  const { value, complaints } = await inPage(memoryHere, workerFile(COUNTING));
  assert.equal(complaints, []);
  console.log(`buffers ${value.map(({ count, bytes }) => `${count} (${bytes} bytes)`).join(', ')}`);
  assert.ok((value[0]?.count ?? 0) > 10, 'buffers are counted');
  for (const alive of value) assert.equal(alive, value[0]);
});

/** Loses the device when told to, as a driver does; after 'for good', no adapter is offered any more. */
const LOSING = `
  const request = GPUAdapter.prototype.requestDevice;
  const channel = new BroadcastChannel('lose');
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await request.apply(this, args);
    channel.onmessage = ({ data }) => {
      if (data === 'for good') GPU.prototype.requestAdapter = async () => null;
      device.destroy();
    };
    return device;
  };
`;

async function lossHere(lib: Lib) {
  const told = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no error',
      (error) => `${error instanceof lib.DeviceError ? 'real' : 'false'} ${error.name}: ${error.message}`,
    );
  const start = (onWarning?: (warning: latentgpu.TrainingWarning) => void) =>
    lib.startSession({
      model: lib.vae({ hidden: [8], latent: 2 }),
      dataset: lib.digits({ train: 128, test: 16, seed: 3 }),
      training: { batch: 8, saveEvery: { steps: 3 } },
      worker: new Worker('/worker.js', { type: 'module' }),
      ...(onWarning && { onWarning }),
    });
  const lose = (how = 'now') => new BroadcastChannel('lose').postMessage(how);
  const losses = async (session: sessions.Session, options: { epochs?: number; steps?: number }, at?: number) => {
    const all: number[] = [];
    let lost = false;
    const onProgress = ({ step }: latentgpu.Progress) => {
      if (at === undefined || lost || step < at) return;
      lost = true;
      lose();
    };
    for await (const { train, test } of session.train({ ...options, onProgress })) all.push(train.loss, test.loss);
    return all;
  };

  const calm = await start();
  const want = await losses(calm, { epochs: 6 });
  calm.dispose();

  const warnings: string[] = [];
  const session = await start(({ kind, message }) => warnings.push(`${kind}: ${message}`));
  const canvas = document.createElement('canvas');
  await session.draw(canvas, { samples: 4 });
  const got = await losses(session, { epochs: 4 }, 20);
  // And once more while nobody trains.
  lose();
  while (warnings.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  await session.draw(canvas, { samples: 4 });
  got.push(...(await losses(session, { epochs: 2 })));

  const training = told(losses(session, { epochs: 100_000 }));
  const { lost } = session;
  await session.sample(1);
  lose('for good');
  const errors = {
    training: await training,
    lost: await lost.then(
      (error) => `${error instanceof lib.DeviceError ? 'real' : 'false'} ${error.name}: ${error.message}`,
    ),
    after: await told(session.decode(new Float32Array(2))),
  };
  session.dispose();
  const second = await start();
  const healed = await losses(second, { epochs: 6 });
  second.dispose();
  return { want, got, warnings, errors, healed };
}

test('a session recovers from lost devices to the same bits; one that is gone for good rejects what is under way', async () => {
  const { value, complaints } = await inPage(lossHere, workerFile(LOSING));
  assert.equal(complaints, []);
  const { want, got, warnings, errors, healed } = value;
  assert.is(want.length, 12);
  assert.equal(got, want);
  assert.is(warnings.length, 2);
  for (const warning of warnings)
    assert.match(
      warning,
      /^recovery: the GPU was lost after step \d+ and opened anew \(.+\): training goes on from step \d+$/,
    );
  const gone = /^real DeviceError: the device ".+" was lost \(.+\)/;
  for (const [name, text] of Object.entries(errors)) assert.match(text, gone, `${name}: ${text}`);
  assert.match(errors.training, /cannot be opened again: no adapter is offered any more$/);
  assert.equal(healed, want, 'a new session');
});

/** Checkpoints in the private file system: written, gone on from, refused for another model, and one that cannot be written. */
async function checkpointHere(lib: Lib) {
  const start = (
    changes: Partial<sessions.SessionOptions> = {},
    checkpoint: Partial<sessions.CheckpointOptions> = {},
  ) =>
    lib.startSession({
      model: lib.vae({ hidden: [8], latent: 2 }),
      dataset: lib.digits({ train: 128, test: 16, seed: 3 }),
      training: { batch: 8 },
      checkpoint: { name: 'kept', ...checkpoint },
      ...changes,
    });
  const losses = async (session: sessions.Session, epochs: number) => {
    const all: number[] = [];
    for await (const { epoch, train, test } of session.train({ epochs })) all.push(epoch, train.loss, test.loss);
    return all;
  };
  const told = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no error',
      (error) => error.message as string,
    );
  const first = await start({}, { resume: false });
  const want = await losses(first, 2);
  const bytes = await first.snapshot();
  want.push(...(await losses(first, 2)));
  first.dispose();

  const second = await start();
  const { step } = second.info;
  await second.restore(bytes);
  const got = await losses(second, 2);
  second.dispose();

  const refused = await told(start({ model: lib.vae({ hidden: [9], latent: 2 }) }));
  const named = await told(start({}, { name: 'a/b' }));
  const anew = await start({}, { resume: false });
  const fresh = anew.info.step;
  anew.dispose();
  return { want, step, got, refused, named, fresh, readable: lib.decodeSnapshot(bytes).snapshot.step };
}

test('a session keeps a checkpoint in the private file system, and goes on from it', async () => {
  const { value, complaints } = await inPage(checkpointHere, workerFile(''));
  assert.equal(complaints, []);
  const { want, step, got, refused, named, fresh, readable } = value;
  assert.equal([step, readable, fresh], [64, 32, 0]);
  assert.is(want.length, 12);
  assert.equal(got, want.slice(6), 'restored from the bytes of epoch 2');
  assert.match(refused, /^the snapshot of step 64 does not fit: the model's decoder is /);
  assert.is(named, 'checkpoint.name: "a/b", must be a file\'s name without a slash');
});

/** What openDevice and startSession say. */
async function refusedHere(lib: Lib): Promise<string[]> {
  const told = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no error',
      (error) => `${error instanceof lib.DeviceError ? 'real' : 'false'} ${error.name}: ${error.message}`,
    );
  const dataset = lib.digits({ train: 16, test: 16 });
  const worker = new Worker('/worker.js', { type: 'module' });
  const training = { batch: 8 };
  return [
    await told(lib.openDevice()),
    await told(lib.startSession({ model: lib.vae({ hidden: [8], latent: 2 }), dataset, training, worker })),
  ];
}

const NO_GPU = "Object.defineProperty(navigator, 'gpu', { value: undefined })";
const NO_ADAPTER = 'GPU.prototype.requestAdapter = async () => null';

for (const [name, before, pattern] of [
  [
    'WebGPU',
    NO_GPU,
    /^real DeviceError: navigator\.gpu is missing: this browser has no WebGPU .* Use Chrome or Edge 113, Safari 26, Firefox 141, or newer\./,
  ],
  [
    'an adapter',
    NO_ADAPTER,
    /^real DeviceError: this browser has WebGPU but no adapter: .* Update the graphics driver, switch on hardware acceleration/,
  ],
] as const)
  test(`without ${name}, a page and a session are told what to do`, async () => {
    const run = `(lib) => { ${before}; return (${refusedHere.toString()})(lib); }`;
    const { value, complaints } = await inPage<string[]>(run, workerFile(before));
    assert.equal(complaints, []);
    assert.is(value.length, 2);
    for (const text of value) assert.match(text, pattern);
  });

test('a page without https is told what to do', async () => {
  const { value, complaints } = await withPage(async ({ page, complaints }) => {
    const { port } = new URL(page.url());
    await page.goto(`http://${INSECURE_HOST}:${port}/`);
    const script = `Promise.all([import('/latentgpu.js'), import('/latentgpu-worker.js')])
      .then(([engine, worker]) => (${refusedHere.toString()})({ ...engine, ...worker }))`;
    return { value: await page.evaluate<string[]>(script), complaints };
  }, workerFile(''));
  assert.equal(complaints, []);
  assert.is(value.length, 2);
  for (const text of value)
    assert.match(
      text,
      /^real DeviceError: navigator\.gpu is missing: browsers give WebGPU to secure pages only\. Serve this page over https:\/\/ or from http:\/\/localhost\./,
    );
});

test.after(closeBrowser);
test.run();
