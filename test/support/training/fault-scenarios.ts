// Whatever call of the device goes wrong, in whatever the library does: it is told once, by name, as an error of the library;
// what was made by then is given back, and the next try on the same device succeeds. Which calls go wrong, the test files say.
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Images } from '../../../src/data/dataset.js';
import { LatentGpuError, ShaderError } from '../../../src/errors.js';
import type { Device } from '../../../src/gpu/device.js';
import { Painter, type Picture } from '../../../src/gpu/draw.js';
import { matmulVariants } from '../../../src/kernels/matmul/matmul.js';
import { vae } from '../../../src/model/presets.js';
import { profileMatmul } from '../../../src/profile/kernel.js';
import { profileTrainer } from '../../../src/profile/profile.js';
import { createModel, type Model } from '../../../src/train/model.js';
import { restoreTrainer } from '../../../src/train/snapshot/restore.js';
import { createTrainer, type Trainer } from '../../../src/train/trainer.js';
import { device, usesDevice } from '../device.js';
import { FAULTS, type Fault, FaultyGpu, type Operation } from './faulty-gpu.js';
import { reportsOf } from './training.js';

const SPEC = vae({ pixels: 16, hidden: [4], latent: 2 });
// Without recoveries: a state that cannot be saved for one is not missed until the device is lost.
const OPTIONS = { batch: 8, seed: 3, recoveries: 0 };
const images = (count: number): Images => ({
  count,
  height: 4,
  width: 4,
  pixels: Uint8Array.from({ length: count * 16 }, (_, i) => (i * 37) % 256),
});
const DATA = { name: 'stripes', train: images(20), test: images(9) };

interface Subject {
  device: Device;
  model: Model;
  trainer: Trainer;
}

interface Scenario {
  name: string;
  /** What there must be before; made anew for each fault, unless it is shared. */
  needs: 'nothing' | 'model' | 'trainer';
  /** Whether it can be tried again on that. */
  again: boolean;
  act(subject: Subject): Promise<void>;
}

const SCENARIOS: Scenario[] = [
  {
    name: 'createModel',
    needs: 'nothing',
    again: true,
    act: async (subject) => void (await createModel(subject.device, SPEC)).dispose(),
  },
  {
    name: 'createTrainer',
    needs: 'model',
    again: true,
    act: async ({ model }) => void (await createTrainer(model, DATA, OPTIONS)).dispose(),
  },
  {
    name: 'train',
    needs: 'trainer',
    again: false,
    act: async ({ trainer }) => void (await reportsOf(trainer, { steps: 2 })),
  },
  {
    name: 'evaluate',
    needs: 'trainer',
    again: true,
    act: async ({ trainer }) => void (await trainer.evaluate(images(5))),
  },
  {
    name: 'encode and decode',
    needs: 'model',
    again: true,
    act: async ({ model }) => void (await model.reconstruct(new Float32Array(3 * 16))),
  },
  {
    name: 'parameters and optimizerState',
    needs: 'trainer',
    again: true,
    act: async ({ model, trainer }) => {
      await model.parameters();
      await trainer.optimizerState();
    },
  },
  {
    name: 'snapshot and restoreTrainer',
    needs: 'trainer',
    again: true,
    act: async ({ device: own, trainer }) => {
      const restored = await restoreTrainer(own, await trainer.snapshot(), DATA, OPTIONS);
      restored.dispose();
      restored.model.dispose();
    },
  },
  {
    name: 'profileTrainer',
    needs: 'trainer',
    again: true,
    act: async ({ trainer }) => void (await profileTrainer(trainer, { steps: 2, warmup: 0 })),
  },
  {
    name: 'profileMatmul',
    needs: 'nothing',
    again: true,
    act: async ({ device: own }) => {
      const sizes = { m: 4, n: 4, k: 4 };
      const variants = matmulVariants(own.adapter, false).slice(0, 1);
      const options = { ...sizes, variants: variants.map(({ name }) => name), forms: ['NT'] } as const;
      const { refused } = await profileMatmul(own, options);
      for (const { reason } of refused) throw new ShaderError(reason);
    },
  },
  { name: 'draw', needs: 'model', again: true, act: ({ model }) => draw(model) },
];

const painters = new WeakMap<Model, Painter>();

/** Draws on a canvas that is a texture and no more. */
async function draw(model: Model): Promise<void> {
  const texture = model.device.gpu.createTexture({
    size: [8, 4],
    format: 'rgba8unorm',
    usage: GPUTextureUsage.RENDER_ATTACHMENT,
  });
  const context = { configure: () => undefined, getCurrentTexture: () => texture };
  const canvas = { width: 0, height: 0, getContext: () => context } as unknown as OffscreenCanvas;
  const painter = painters.get(model) ?? (await Painter.create(model.machine));
  painters.set(model, painter);
  const tiles = { height: 4, width: 4, count: 2, columns: 2, low: 0, high: 1 } as const;
  let picture: Picture | undefined;
  try {
    await model.decodeOnGpu(new Float32Array(4), {}, (encoder, rows) => {
      picture ??= painter.begin(canvas, tiles);
      picture.add(encoder, rows);
    });
  } finally {
    texture.destroy();
  }
}

/** How many buffers a scenario leaves in what it needs. */
const left = new Map<Scenario, number | undefined>();

/** Runs the scenario on what it needs. @returns its error, and whether what it needs was made and given back */
async function run(scenario: Scenario, faulty: FaultyGpu, begin: () => void): Promise<unknown> {
  const { needs, act, again } = scenario;
  const subject: Partial<Subject> = { device: faulty.device };
  if (needs !== 'nothing') subject.model = await createModel(faulty.device, SPEC);
  if (needs === 'trainer' && subject.model) subject.trainer = await createTrainer(subject.model, DATA, OPTIONS);
  const { memory } = subject.model?.machine ?? {};
  begin();
  const error = await act(subject as Subject).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  faulty.reset();
  // The next try succeeds, and leaves what the first try would have left.
  if (error !== undefined && again) await act(subject as Subject);
  if (error === undefined) left.set(scenario, memory?.count);
  else if (again) assert.is(memory?.count, left.get(scenario), 'buffers');
  else assert.ok(Number(memory?.count) <= Number(left.get(scenario)), 'buffers');
  subject.trainer?.dispose();
  subject.model?.dispose();
  assert.equal([memory?.count ?? 0, memory?.bytes ?? 0], [0, 0], 'all is given back');
  return error;
}

/** Errors that come to nobody. */
const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

/** One fault, and what must be so after it. @returns whether the call was reached: a profiler's are not always as many */
async function tryFault(scenario: Scenario, faulty: FaultyGpu, fault: Fault): Promise<boolean> {
  const error = await run(scenario, faulty, () => faulty.plant(fault));
  const { failed } = faulty;
  if (failed === undefined) {
    assert.is(error, undefined);
    return false;
  }
  assert.instance(error, LatentGpuError, String(error));
  const { message } = error as Error;
  for (const word of failed.split(' ')) assert.ok(message.includes(word), `"${message}" names "${failed}"`);
  if (!scenario.again) assert.is(await run(scenario, faulty, () => undefined), undefined, 'the next try succeeds');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(unhandled, [], 'nobody else is told');
  device.check();
  assert.is(faulty.alive.size, 0, 'every buffer and query set is destroyed');
  return true;
}

/** What is compiled is kept with a device, so these go wrong on a new one only. */
const COMPILING = new Set<Operation>(['createShaderModule', 'createBindGroupLayout', 'createComputePipelineAsync']);
const warm = new FaultyGpu(device);

/** Says whether the `nth` of `count` calls is to go wrong. */
export type Choice = (nth: number, count: number) => boolean;

/** Faults of the operations that the scenario uses, and on what device. */
async function faultsOf(scenario: Scenario, chosen: Choice): Promise<{ faulty: () => FaultyGpu; fault: Fault }[]> {
  const faults: { faulty: () => FaultyGpu; fault: Fault }[] = [];
  for (const faulty of [() => new FaultyGpu(device), () => warm]) {
    const counts = new Map<Operation, number>();
    const sound = faulty();
    assert.is(await run(scenario, sound, () => sound.count(counts)), undefined);
    for (const [operation, count] of counts) {
      if (COMPILING.has(operation) === (sound === warm)) continue;
      for (let nth = 1; nth <= count; nth++)
        if (chosen(nth, count))
          faults.push(...FAULTS[operation].map((kind) => ({ faulty, fault: { operation, nth, kind } })));
    }
  }
  return faults;
}

/** Adds the tests, one a scenario. */
export function testFaults(test: Test, chosen: Choice): void {
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu: { getPreferredCanvasFormat: () => 'rgba8unorm' } },
    configurable: true,
  });
  for (const scenario of SCENARIOS)
    test(`${scenario.name}: whatever call goes wrong, it is told once, by name, and leaves nothing behind`, async () => {
      let tried = 0;
      for (const { faulty, fault } of await faultsOf(scenario, chosen))
        try {
          if (await tryFault(scenario, faulty(), fault)) tried++;
        } catch (error) {
          (error as Error).message = `${JSON.stringify(fault)}: ${(error as Error).message}`;
          throw error;
        }
      assert.ok(tried >= 3, `${tried} faults`);
    });
  usesDevice(test);
}
