// Sessions: training in a Worker, as a page does it. The functions named ...Here run as text in the page.
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type * as latentgpu from '../../src/index.js';
import type * as profiling from '../../src/profile/index.js';
import type * as sessions from '../../src/worker/index.js';
import { closeBrowser, inPage, root } from './page.js';

type Lib = typeof latentgpu & typeof sessions & typeof profiling;

/** The same training in a session and in the page itself, and what else a session answers. */
async function answersHere(lib: Lib) {
  const data = () => lib.digits({ train: 64, test: 16, seed: 3 });
  const spec = lib.vae({ pixels: 784, hidden: [16], latent: 2 });
  const training = { batch: 16, seed: 5 };
  const numbers = (values: ArrayLike<number>) => Array.from(values);
  const losses = async (reports: AsyncIterable<latentgpu.EpochReport>) => {
    const all = [];
    for await (const { epoch, step, complete, train, test } of reports)
      all.push({ epoch, step, complete, train, test });
    return all;
  };
  const codes = new Float32Array([0, 0, 1, -1]);
  const images = Float32Array.from(data().test.pixels, (byte) => byte / 255);

  const dataset = data();
  const session = await lib.startSession({ model: spec, dataset, training, seed: 4 });
  const steps: number[] = [];
  const inWorker = {
    losses: await losses(session.train({ epochs: 2, onProgress: ({ step }) => steps.push(step) })),
    decoded: numbers(await session.decode(codes)),
    mean: numbers((await session.encode(images)).mean),
    reconstructed: numbers(await session.reconstruct({ set: 'test' })),
    sampled: numbers(await session.sample(3, { seed: 2 })),
    some: await session.images('test', { first: 3, count: 2 }).then(({ count, pixels, labels }) => ({
      count,
      pixels: numbers(pixels),
      labels: numbers(labels ?? []),
    })),
    saved: numbers(await session.save()),
  };
  const plan = lib.printPlan(await session.plan());
  const { info } = session;
  const left = [dataset.train, dataset.test].map(({ pixels, labels }) => [pixels.length, labels?.length]);
  const saved = Uint8Array.from(inWorker.saved);
  await session.restart({ seed: 9 });
  const fresh = numbers(await session.decode(codes));
  await session.load(saved);
  const loaded = numbers(await session.decode(codes));
  const again = await losses(session.train({ steps: 1 }));
  session.dispose();

  const device = await lib.openDevice();
  const model = await lib.createModel(device, spec, { seed: 4 });
  const trainer = await lib.createTrainer(model, data(), training);
  const inPage = {
    losses: await losses(trainer.train({ epochs: 2 })),
    decoded: numbers(await model.decode(codes)),
    mean: numbers((await model.encode(images)).mean),
    reconstructed: numbers(await model.reconstruct(images)),
    sampled: numbers(await model.sample(3, { seed: 2 })),
    some: {
      count: 2,
      pixels: numbers(data().test.pixels.subarray(3 * 784, 5 * 784)),
      labels: numbers(data().test.labels?.subarray(3, 5) ?? []),
    },
    saved: numbers(lib.encodeSafetensors(await model.parameters())),
  };
  const expected = {
    adapter: device.adapter,
    parameterCount: model.parameterCount,
    stepsPerEpoch: trainer.stepsPerEpoch,
    dispatchesPerStep: trainer.plan.dispatches.length,
    step: 0,
  };
  const planHere = lib.printPlan(trainer.plan);
  device.dispose();
  return { inWorker, inPage, plan, planHere, info, expected, left, steps, fresh, loaded, again };
}

test('a session answers in a worker what the engine answers in the page, to the bit', async () => {
  const { value, complaints } = await inPage(answersHere);
  assert.equal(complaints, []);
  const { inWorker, inPage: here, info, expected, plan, planHere } = value;
  assert.equal(inWorker, here);
  assert.equal(info, expected);
  assert.is(plan, planHere);
  assert.equal(
    value.left,
    [
      [0, 0],
      [0, 0],
    ],
    'the dataset has moved, it was not copied',
  );
  assert.is(value.steps.at(-1), 8);
  assert.ok(value.steps.length >= 2, 'progress comes at least once an epoch');
  assert.is.not(JSON.stringify(value.fresh), JSON.stringify(here.decoded), 'a restart forgets');
  assert.equal(value.loaded, here.decoded, 'what was saved is loaded');
  assert.is(value.again[0]?.step, 1, 'a restart counts from the beginning');
});

/** An address in the page. */
declare const BUNDLE: string;

async function errorsHere(lib: Lib) {
  const told = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no error',
      (error) => {
        const Class = (lib as unknown as Record<string, typeof Error>)[error.name];
        return `${Class && error instanceof Class && error instanceof lib.LatentGpuError ? 'real' : 'false'} ${error.name}: ${error.message}`;
      },
    );
  const data = () => lib.digits({ train: 64, test: 16, seed: 3 });
  const dataset = data();
  const model = lib.ae({ hidden: [16], latent: 2 });
  const start = (options: object) =>
    told(lib.startSession({ model, dataset: data(), ...options } as sessions.SessionOptions));
  const errors: Record<string, string> = {
    spec: await start({ model: { ...model, encoder: [{ units: -1, activation: 'relu' }] } }),
    batch: await start({ training: { batch: 65 } }),
    noWorker: await start({ worker: new Worker('/none.js', { type: 'module' }) }),
    bundle: await told((await import(BUNDLE)).startSession({ model, dataset: data() })),
    function: await start({ training: { batch: () => 1 } }),
  };
  const session = await lib.startSession({ model, dataset, training: { batch: 16, lr: 1e30, optimizer: 'sgd' } });
  errors.moved = await start({ dataset });
  errors.codes = await told(session.decode(new Float32Array(3)));
  errors.prior = await told(session.sample(3));
  errors.first = await told(session.images('test', { first: 16 }));
  errors.file = await told(session.load(new Uint8Array(4)));
  errors.loss = await told(
    session
      .train({ epochs: 20 })
      .next()
      .then(() => session.train({ epochs: 20 }).next()),
  );
  errors.options = await told(session.train({ epochs: 0 }).next());
  const canvas = document.createElement('canvas');
  errors.columns = await told(session.draw(canvas, { codes: new Float32Array(2) }, { columns: 0 }));
  errors.size = await told(session.draw(canvas, { codes: new Float32Array(2000) }));
  const used = document.createElement('canvas');
  used.getContext('2d');
  errors.used = await told(session.draw(used, { codes: new Float32Array(2) }));
  errors.restart = await told(session.restart({ training: { batch: 65 } }));
  errors.after = await told(session.decode(new Float32Array(2)));
  await session.restart({ training: { batch: 16 } });
  errors.healed = await told(session.decode(new Float32Array(2)));
  session.dispose();
  errors.disposed = await told(session.decode(new Float32Array(2)));
  return errors;
}

test('errors come out of the worker with their class and their text', async () => {
  const file = fs.readFileSync(path.join(root, 'dist/latentgpu-worker.js'), 'utf8');
  const body = file.replace(/as serveSession\b/, 'as somethingElse');
  assert.is.not(body, file);
  const { value } = await inPage<Record<string, string>>(
    errorsHere.toString().replace('BUNDLE', '"/alone/bundle.js"'),
    [['/alone/bundle.js', { type: 'text/javascript', body: body.replaceAll('"./latentgpu.js"', '"/latentgpu.js"') }]],
  );
  const expected: Record<string, RegExp> = {
    spec: /^real ArgumentError: encoder\[0\]\.units: -1, must be a positive integer/,
    batch: /^real ArgumentError: batch 65 is larger than the data: 64 training examples/,
    noWorker:
      /^real LatentGpuError: the worker of startSession\(\{ worker \}\) did not start.*serveSession of 'latentgpu\/worker'/,
    bundle:
      /^real LatentGpuError: the session's worker did not start \(from latentgpu-session\.js: .+; from a blob: .+\).*latentgpu\/session as a second entry/,
    function: /^real ArgumentError: setUp: its arguments cannot be sent to the worker .*Pass plain data/,
    moved: /^real ArgumentError: setUp: its arguments cannot be sent .*a dataset .* is no longer here/,
    codes: /^real ArgumentError: codes: 3 numbers, must be a positive multiple of 2/,
    prior: /^real ArgumentError: this model has a deterministic code and no prior/,
    first: /^real ArgumentError: first: 16, must be an integer from 0 to 15, of the test images$/,
    file: /^real FormatError: /,
    loss: /^real TrainingError: the loss of step \d+ is not a finite number/,
    options: /^real ArgumentError: epochs: 0, must be a positive integer/,
    columns: /^real ArgumentError: columns: 0, must be a positive integer/,
    size: /^real ArgumentError: 1000 images of 28x28 in 1000 columns make a picture of 28x28000 pixels; this device draws at most \d+x\d+\. Draw fewer/,
    used: /^false InvalidStateError|^real ArgumentError: the canvas was drawn on/,
    restart: /^real ArgumentError: batch 65/,
    after: /^real ArgumentError: this session has no model, because its last restart failed/,
    healed: /^no error$/,
    disposed: /^real ArgumentError: this session was disposed/,
  };
  for (const [name, pattern] of Object.entries(expected)) assert.match(value[name] ?? '', pattern, name);
  assert.equal(Object.keys(value).sort(), Object.keys(expected).sort());
});

async function pretrainedHere(lib: Lib) {
  const model = lib.stacked({ hidden: [12, 8], latent: 2 });
  const data = () => lib.digits({ train: 64, test: 16, seed: 3 });
  const training = { batch: 16, seed: 5 };
  const told: number[] = [];
  const options = { epochs: 2, onProgress: ({ layer }: latentgpu.LayerProgress) => told.push(layer) };
  const reports = async (run: AsyncIterable<latentgpu.LayerReport>) => {
    const all = [];
    for await (const { layer, layers, step, test } of run) all.push({ layer, layers, step, test });
    return all;
  };
  const session = await lib.startSession({ model, dataset: data(), training });
  const stop = new AbortController();
  const stopped: number[] = [];
  for await (const { layer } of session.pretrain({ epochs: 1, signal: stop.signal })) {
    stopped.push(layer);
    stop.abort();
  }
  await session.restart();
  const inWorker = {
    reports: await reports(session.pretrain(options)),
    saved: Array.from(await session.save()),
    losses: await session.evaluate(),
  };
  session.dispose();

  const device = await lib.openDevice();
  const here = await lib.createModel(device, model);
  const inPage = {
    reports: await reports(lib.pretrain(here, data(), { ...training, epochs: 2 })),
    saved: Array.from(lib.encodeSafetensors(await here.parameters())),
    losses: await (await lib.createTrainer(here, data(), training)).evaluate(),
  };
  device.dispose();
  return { inWorker, inPage, told, stopped };
}

test('a session pretrains layer by layer, as the engine does in the page, to the bit', async () => {
  const { value, complaints } = await inPage(pretrainedHere);
  assert.equal(complaints, []);
  assert.equal(value.inWorker, value.inPage);
  assert.equal(
    value.inPage.reports.map(({ layer }) => layer),
    [0, 0, 1, 1, 2, 2],
  );
  assert.equal([...new Set(value.told)], [0, 1, 2]);
  assert.equal(value.stopped, [0], 'an abort ends it');
});

async function picturesHere(lib: Lib) {
  const draw = async (model: latentgpu.ModelSpec) => {
    const dataset = lib.digits({ train: 64, test: 16, seed: 3 });
    const session = await lib.startSession({ model, dataset, training: { batch: 16 } });
    for await (const _ of session.train({ steps: 4 }));
    const seen = async (canvas: HTMLCanvasElement) => {
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const context = copy.getContext('2d');
      context?.drawImage(canvas, 0, 0);
      const { data, width, height } = context?.getImageData(0, 0, copy.width, copy.height) ?? new ImageData(1, 1);
      return { width, height, data: Array.from(data) };
    };
    // More than go through the model at once, and a last row that is not full.
    const codes = Float32Array.from({ length: 2 * 131 }, (_, i) => Math.sin(i) * 3);
    const canvas = document.body.appendChild(document.createElement('canvas'));
    await session.draw(canvas, { codes }, { columns: 12 });
    const tiles = { seen: await seen(canvas), want: Array.from(await session.decode(codes)) };
    // The same canvas for another picture of another size.
    await session.draw(canvas, { reconstructions: { set: 'test', count: 3 } });
    const row = { seen: await seen(canvas), want: Array.from(await session.reconstruct({ set: 'test', count: 3 })) };
    await session.restart();
    await session.draw(canvas, { reconstructions: { set: 'test', count: 3 } });
    const restarted = {
      seen: await seen(canvas),
      want: Array.from(await session.reconstruct({ set: 'test', count: 3 })),
    };
    session.dispose();
    return { tiles, row, restarted };
  };
  return [
    await draw(lib.vae({ hidden: [16], latent: 2 })),
    await draw(lib.linear({ hidden: [], latent: 2 })),
    await draw(lib.ae({ hidden: [16], latent: 2, loss: 'mse', range: '-1..1' })),
  ];
}

/** Every pixel of a picture of 28x28 tiles. */
function assertPicture(
  { seen, want }: { seen: { width: number; height: number; data: number[] }; want: number[] },
  columns: number,
  name: string,
): void {
  const count = want.length / 784;
  assert.equal([seen.width, seen.height], [columns * 28, Math.ceil(count / columns) * 28], name);
  for (let y = 0; y < seen.height; y++)
    for (let x = 0; x < seen.width; x++) {
      const image = Math.floor(y / 28) * columns + Math.floor(x / 28);
      const value = image < count ? (want[image * 784 + (y % 28) * 28 + (x % 28)] ?? Number.NaN) : 0;
      const grey = 255 * Math.min(1, Math.max(0, value));
      const at = 4 * (y * seen.width + x);
      const [red = -9, green = -9, blue = -9, alpha] = seen.data.slice(at, at + 4);
      // To the nearest of 256 steps, and f32's rounding where two are as near.
      assert.ok(
        Math.abs(red - grey) <= 0.501 && green === red && blue === red && (image < count ? alpha === 255 : true),
        `${name}: pixel ${x},${y} is ${seen.data.slice(at, at + 4)}, must be ${grey}`,
      );
    }
}

test('a session draws on a canvas what it decodes, every pixel', async () => {
  const { value, complaints } = await inPage(picturesHere);
  assert.equal(complaints, []);
  value.forEach(({ tiles, row, restarted }, index) => {
    assertPicture(tiles, 12, `model ${index}, 131 codes`);
    assertPicture(row, 3, `model ${index}, reconstructions`);
    assertPicture(restarted, 3, `model ${index}, restarted`);
  });
});

test.after(closeBrowser);
test.run();
