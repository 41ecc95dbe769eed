// profileTrainer on a device: times that add up, a planted slow kernel that is found, timing without timestamps, ceilings,
// and a trainer that is afterwards (and without a profile was all along) as if nothing had been.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { digits } from '../../src/data/digits.js';
import { ArgumentError } from '../../src/errors.js';
import type { Device } from '../../src/gpu/device.js';
import { Memory } from '../../src/gpu/memory.js';
import { Timestamps } from '../../src/gpu/timestamps.js';
import { trainingGraph } from '../../src/graph/build.js';
import { vae } from '../../src/model/presets.js';
import { openDevice } from '../../src/node/adapters.js';
import { makePlan } from '../../src/plan/make.js';
import type { Dispatch } from '../../src/plan/plan.js';
import { measureCeilings } from '../../src/profile/ceilings.js';
import { profileStepper, profileTrainer } from '../../src/profile/profile.js';
import { median, type ProfileReport, type ProfileRow, quantile } from '../../src/profile/report.js';
import { METRICS_CAPACITY } from '../../src/train/metrics.js';
import { createModel } from '../../src/train/model.js';
import { settingsFrom } from '../../src/train/options.js';
import { datasetBytes, Stepper } from '../../src/train/stepper.js';
import { createTrainer, type Trainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { sameBits, trainSteps, withTrainer } from '../support/training.js';

const DATA = digits({ train: 256, test: 64, seed: 3 });
const SPEC = vae({ pixels: 784, hidden: [64, 48], latent: 8 });
const OPTIONS = { batch: 64 };
const fast = device.adapter.kind !== 'swiftshader';
const STEPS = fast ? 24 : 8;
const TRIES = 6;

async function onTrainer<T>(work: (trainer: Trainer) => Promise<T>): Promise<T> {
  const start = await createModel(device, SPEC, { seed: 1 });
  const parameters = await start.parameters();
  start.dispose();
  return withTrainer({ spec: SPEC, dataset: DATA, options: OPTIONS, parameters }, work);
}

/** Runs `work` with a count of what it makes the device make. */
async function counting<T>(on: Device, work: () => Promise<T>): Promise<{ result: T; querySets: number }> {
  const { gpu } = on;
  const real = gpu.createQuerySet.bind(gpu);
  let querySets = 0;
  gpu.createQuerySet = (descriptor) => {
    querySets++;
    return real(descriptor);
  };
  try {
    return { result: await work(), querySets };
  } finally {
    gpu.createQuerySet = real;
  }
}

function checkReport(report: ProfileReport, trainer: Trainer): void {
  assert.is(report.rows.length, trainer.plan.dispatches.length);
  for (const [index, row] of report.rows.entries()) {
    const dispatch = trainer.plan.dispatches[index];
    assert.equal(
      [row.index, row.kernel, row.flops, row.bytes],
      [index, dispatch?.kernel, dispatch?.flops, dispatch?.bytes],
    );
    assert.ok(row.samples.length > 0 && row.calls >= row.samples.length, row.kernel);
    assert.ok(row.median > 0 && row.p95 >= row.median, `${row.kernel}: ${row.median} us, p95 ${row.p95}`);
  }
  const shares = report.rows.reduce((sum, { share }) => sum + share, 0);
  assert.ok(Math.abs(shares - 1) < 1e-9, `shares add up to ${shares}`);
  for (const [name, value] of Object.entries(report.step)) assert.ok(Number.isFinite(value) && value >= 0, name);
}

test('by timestamps: every dispatch of every step, and events that lie within the run', () =>
  onTrainer(async (trainer) => {
    const report = await profileTrainer(trainer, { steps: STEPS, warmup: 2 });
    assert.equal([report.method, report.quantized, report.steps], ['timestamps', false, STEPS]);
    checkReport(report, trainer);
    for (const { samples, calls, roofline } of report.rows) {
      assert.equal([samples.length, calls, roofline], [STEPS, STEPS, null]);
    }
    const gpu = report.events.filter(({ lane }) => lane === 'gpu');
    const submits = report.events.filter(({ name }) => name === 'submit');
    assert.is(gpu.length, STEPS * report.rows.length);
    for (const event of gpu) {
      const from = submits.find(({ submit }) => submit === event.submit)?.start ?? Number.NaN;
      assert.ok(event.start >= from - 1e-3, `${event.name} begins ${from - event.start} us before its submit`);
    }
    const steps = new Set(gpu.map(({ args }) => args?.step));
    assert.is(steps.size, STEPS);
  }));

test('kernels and gaps add up to what a step takes in one pass, within 10%', () =>
  onTrainer(async (trainer) => {
    // A pass of its own costs each dispatch a little, which gaps hold, and SwiftShader waits at each for its threads.
    const limit = device.adapter.kind === 'lavapipe' ? 0.1 : 0.5;
    // The machine has other work as well: the least of several tries, on both sides.
    const whole: number[] = [];
    const sums: number[] = [];
    const off = () => Math.abs(Math.min(...sums) / Math.min(...whole) - 1);
    do {
      whole.push(await trainer.lend((stepper) => timeOfSteps(stepper, STEPS)));
      const { step } = await profileTrainer(trainer, { steps: STEPS, warmup: 2 });
      sums.push(step.kernels + step.gaps);
    } while (off() > limit && sums.length < TRIES);
    assert.ok(off() <= limit, `kernels + gaps: ${sums} us; a step in one pass: ${whole} us`);
  }));

/** Microseconds of the median step, each in one pass between two timestamps. */
async function timeOfSteps(stepper: Stepper, count: number): Promise<number> {
  const memory = new Memory(device);
  const timestamps = new Timestamps(device, memory, 1, count);
  try {
    for (let step = 0; step < count; step++) {
      const { commands, read } = stepper.encode(1, (encoder) => {
        const pass = timestamps.beginPass(encoder, 'step', 0);
        stepper.program.encode(pass);
        pass.end();
        timestamps.resolve(encoder, 1);
      });
      device.gpu.queue.submit([commands]);
      await read().sums;
    }
    return median((await timestamps.read()).map(([pass]) => ((pass?.end ?? 0) - (pass?.begin ?? 0)) / 1000));
  } finally {
    timestamps.dispose();
    memory.dispose();
  }
}

/** Large enough that a dispatch's own cost is nothing beside the kernel. */
const LARGE = vae({ pixels: 784, hidden: [fast ? 128 : 32, 48], latent: 8 });
const LARGE_BATCH = fast ? 128 : 64;

/** The training step's plan with dispatches changed, on memory of its own. */
async function profilePlan(own: Device, change: (dispatch: Dispatch) => Dispatch): Promise<ProfileReport> {
  const model = await createModel(own, LARGE, { seed: 1 });
  const { layout, matmulVariant, machine } = model;
  const sizes = { layout, rows: LARGE_BATCH, ...datasetBytes(DATA.train), metricsCapacity: METRICS_CAPACITY };
  const plan = makePlan('step', trainingGraph(LARGE, LARGE_BATCH), { ...sizes, matmulVariant, fuse: true });
  const changed = { ...plan, dispatches: plan.dispatches.map(change) };
  const usage = GPUBufferUsage.STORAGE;
  const flat = (label: string) => machine.memory.create({ label, bytes: layout.bytes, usage, remedy: '' });
  const shared = {
    parameters: model.parameterBuffer,
    gradients: flat('gradients'),
    moment1: flat('moment1'),
    moment2: flat('moment2'),
  };
  const settings = settingsFrom({ batch: LARGE_BATCH }, DATA.train.count);
  try {
    const stepper = await Stepper.create(machine, changed, DATA.train, settings, shared, '');
    const restore = () => stepper.rewind(0);
    return await profileStepper({ device: own, memory: machine.memory, stepper, restore }, { steps: STEPS });
  } finally {
    model.dispose();
  }
}

const ADAPTER = process.env.LATENTGPU_ADAPTER || 'swiftshader';
const WORK = 5;
/** Which kernel is made slow: its workgroups look at x and y only, so a grid of depth k does everything k times. */
const isPlanted = ({ label, kernel }: { label: string; kernel: string }) =>
  label === 'encoder.0' && kernel.endsWith('+weight_gradient');

const isAsLarge = ({ label, kernel }: { label: string; kernel: string }) =>
  label === 'decoder.4' && kernel.endsWith('+weight_gradient');

for (const without of [[], ['timestamp-query']])
  test(`a kernel that does its work ${WORK} times is so much slower, and the largest${without.length ? ', by repetition' : ''}`, async () => {
    const own = without.length > 0 ? await openDevice({ adapter: ADAPTER, withoutFeatures: without }) : device;
    // Beside an untouched kernel as large: other work on the machine slows both alike.
    const least = (row?: ProfileRow) => quantile(row?.samples ?? [], 0.25);
    const relative = ({ rows }: ProfileReport) => least(rows.find(isPlanted)) / least(rows.find(isAsLarge));
    const factors: number[] = [];
    const near = () => Math.abs((factors.at(-1) ?? 0) / WORK - 1) < 0.2;
    try {
      let slow: ProfileReport;
      do {
        const plain = await profilePlan(own, (dispatch) => dispatch);
        slow = await profilePlan(own, (d) => (isPlanted(d) ? { ...d, grid: [d.grid[0], d.grid[1], WORK] } : d));
        factors.push(relative(slow) / relative(plain));
      } while (!near() && factors.length < TRIES);
      assert.ok(near(), `${factors.join(', ')} times slower, must be ${WORK} within 20%`);
      const largest = slow.rows.reduce((best, row) => (row.median > best.median ? row : best));
      assert.ok(isPlanted(largest), `the largest is ${largest.kernel} of ${largest.label}`);
      assert.is(slow.bottleneck.what, 'gpu');
      assert.match(slow.bottleneck.sentence, /the largest is matmul_\w+\+weight_gradient of encoder\.0/);
    } finally {
      if (own !== device) own.dispose();
    }
  });

test('without timestamps each kernel is timed by repetition, and the report says so', async () => {
  const own = await openDevice({ adapter: ADAPTER, withoutFeatures: ['timestamp-query'] });
  try {
    const model = await createModel(own, SPEC, { seed: 1 });
    const trainer = await createTrainer(model, DATA, OPTIONS);
    const { result: report, querySets } = await counting(own, () => profileTrainer(trainer, { steps: 5, warmup: 1 }));
    assert.equal([report.method, report.quantized, querySets], ['repetition', false, 0]);
    checkReport(report, trainer);
    assert.ok(report.rows.every(({ samples, calls }) => calls > samples.length || (samples[0] ?? 0) > 1000));
    assert.equal(
      report.events.filter(({ lane }) => lane === 'gpu'),
      [],
    );
    assert.equal(await trainer.model.parameters(), await (await createModel(own, SPEC, { seed: 1 })).parameters());
  } finally {
    own.dispose();
  }
});

test('timestamps that are rounded, as in a browser, are not used', async () => {
  const flags = ['enable-dawn-features=timestamp_quantization'];
  const own = await openDevice({ adapter: ADAPTER, flags });
  try {
    const model = await createModel(own, SPEC, { seed: 1 });
    const trainer = await createTrainer(model, DATA, OPTIONS);
    const report = await profileTrainer(trainer, { steps: 5, warmup: 1 });
    assert.equal([report.method, report.quantized], ['repetition', true]);
  } finally {
    own.dispose();
  }
});

test('training goes on after a profile as if there had been none; without one no query set is made', async () => {
  const train = (profiled: boolean) =>
    onTrainer(async (trainer) => {
      await trainSteps(trainer, 6);
      const bytes = trainer.model.machine.memory.bytes;
      if (profiled) await profileTrainer(trainer, { steps: 3, warmup: 1 });
      assert.is(trainer.model.machine.memory.bytes, bytes, 'memory');
      assert.is(trainer.step, 6);
      await trainSteps(trainer, 3);
      return [await trainer.model.parameters(), ...Object.values(await trainer.optimizerState())];
    });
  const { result: want, querySets } = await counting(device, () => train(false));
  assert.is(querySets, 0);
  const { result: got, querySets: made } = await counting(device, () => train(true));
  assert.is(made, 1);
  assert.is(want.length, 4, 'parameters, gradients, and two of Adam');
  for (const [index, tensors] of want.entries())
    assert.ok(sameBits(got[index] ?? new Map(), tensors), `state ${index}`);
});

test('a trainer that trains cannot be profiled; options are checked', () =>
  onTrainer(async (trainer) => {
    const fails = async (work: () => Promise<unknown>, text: RegExp) => {
      try {
        await work();
      } catch (error) {
        assert.ok(error instanceof ArgumentError);
        assert.match(error.message, text);
        return;
      }
      assert.unreachable('nothing was thrown');
    };
    await fails(() => profileTrainer(trainer, { steps: 0 }), /^steps: 0, must be an integer from 1$/);
    await fails(() => profileTrainer(trainer, { warmup: -1 }), /^warmup: -1, must be an integer from 0$/);
    const running = trainSteps(trainer, 2);
    await fails(() => profileTrainer(trainer), /is training; await its reports/);
    await running;
    await profileTrainer(trainer, { steps: 1, warmup: 0 });
  }));

test('ceilings: positive, and no kernel of a step beats arithmetic', async () => {
  const ceilings = await measureCeilings(device);
  for (const [name, value] of Object.entries(ceilings))
    assert.ok(Number.isFinite(value) && value > 0, `${name} ${value}`);
  const report = await onTrainer((trainer) => profileTrainer(trainer, { steps: 8, ceilings }));
  assert.equal(report.ceilings, ceilings);
  for (const { kernel, label, gflops, roofline } of report.rows) {
    assert.ok(gflops <= ceilings.fmaGflops, `${kernel} of ${label}: ${gflops} of ${ceilings.fmaGflops} GFLOP/s`);
    assert.ok(roofline !== null && roofline >= 0);
  }
});

usesDevice(test);
test.run();
