// profileTrainer on a device: times that add up, a planted slow kernel that is found, timing without timestamps, ceilings,
// and a trainer that is afterwards (and without a profile was all along) as if nothing had been.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { digits } from '../../src/data/digits.js';
import { checkExamples } from '../../src/data/examples.js';
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
import { median, type ProfileReport } from '../../src/profile/report.js';
import { createModel } from '../../src/train/model.js';
import { settingsFrom } from '../../src/train/options.js';
import { METRICS_CAPACITY } from '../../src/train/step/metrics.js';
import { residentOf, residentSizes } from '../../src/train/step/resident.js';
import { Stepper } from '../../src/train/step/stepper.js';
import { createTrainer, type Trainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { sameBits, trainSteps, withTrainer } from '../support/training/training.js';

const DATA = digits({ train: 256, test: 64, seed: 3 });
const SPEC = vae({ pixels: 784, hidden: [64, 48], latent: 8 });
const OPTIONS = { batch: 64 };
const fast = device.adapter.kind !== 'swiftshader';
const STEPS = fast ? 24 : 8;
/** Steps in one pass beside steps that are profiled: always so many. */
const ROUNDS = 30;
/** So few that each is a submit of its own. */
const ROUND_STEPS = 5;
/** And so small that most are over before the system lets other work have the core. */
const ROUND_BATCH = 8;

async function onTrainer<T>(work: (trainer: Trainer) => Promise<T>): Promise<T> {
  const start = await createModel(device, SPEC, { seed: 1 });
  const parameters = await start.parameters();
  start.dispose();
  return withTrainer({ spec: SPEC, dataset: DATA, options: OPTIONS, parameters }, work);
}

interface Work {
  passes: number;
  dispatches: number;
}

interface Counted<T> {
  result: T;
  querySets: number;
  passes: number;
  dispatches: number;
  /** By a pipeline's label: how often each command encoder has it. */
  ofPipeline: Map<string, Work[]>;
}

/** Runs `work` with a count of what it makes the device make and do. */
async function counting<T>(on: Device, work: () => Promise<T>): Promise<Counted<T>> {
  const { gpu } = on;
  const counts = { querySets: 0, passes: 0, dispatches: 0 };
  const ofPipeline = new Map<string, Work[]>();
  const undo: (() => void)[] = [];
  const countPipelines = (pass: GPUComputePassEncoder, ofEncoder: Map<string, Work>) => {
    const { setPipeline, dispatchWorkgroups } = pass;
    let current: Work = { passes: 0, dispatches: 0 };
    pass.setPipeline = (pipeline) => {
      const { label } = pipeline;
      current = ofEncoder.get(label) ?? { passes: 0, dispatches: 0 };
      if (!ofEncoder.has(label)) ofPipeline.set(label, [...(ofPipeline.get(label) ?? []), current]);
      ofEncoder.set(label, current);
      current.passes++;
      return setPipeline.call(pass, pipeline);
    };
    pass.dispatchWorkgroups = (...grid) => {
      current.dispatches++;
      return dispatchWorkgroups.call(pass, ...grid);
    };
  };
  const countCalls = <Name extends string>(
    object: Record<Name, (...args: never[]) => unknown>,
    name: Name,
    count: keyof typeof counts,
    onResult: (result: unknown) => void = () => undefined,
  ) => {
    const real = object[name].bind(object);
    object[name] = (...args) => {
      counts[count]++;
      const result = real(...args);
      onResult(result);
      return result;
    };
    undo.push(() => {
      object[name] = real;
    });
  };
  const createEncoder = gpu.createCommandEncoder.bind(gpu);
  gpu.createCommandEncoder = (descriptor) => {
    const encoder = createEncoder(descriptor);
    const ofEncoder = new Map<string, Work>();
    countCalls(encoder as never, 'beginComputePass', 'passes', (pass) => {
      countPipelines(pass as GPUComputePassEncoder, ofEncoder);
      countCalls(pass as never, 'dispatchWorkgroups', 'dispatches');
    });
    return encoder;
  };
  undo.push(() => {
    gpu.createCommandEncoder = createEncoder;
  });
  countCalls(gpu as never, 'createQuerySet', 'querySets');
  try {
    return { result: await work(), ...counts, ofPipeline };
  } finally {
    for (const each of undo) each();
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

const ADAPTER = process.env.LATENTGPU_ADAPTER || 'swiftshader';

/**
 * The adapter under test again, lavapipe without worker threads: on two of them a dispatch takes twice as long whenever
 * other work has one of the cores, so that a step and the same step once more are two lots drawn.
 */
async function openSteadyDevice(withoutFeatures: string[] = []): Promise<Device> {
  const before = process.env.LP_NUM_THREADS;
  process.env.LP_NUM_THREADS = '0';
  try {
    // It is switched off anyway: other flags are another instance, and the driver reads its environment again.
    const flags = ['disable-dawn-features=timestamp_quantization'];
    return await openDevice({ adapter: ADAPTER, flags, withoutFeatures });
  } finally {
    if (before === undefined) delete process.env.LP_NUM_THREADS;
    else process.env.LP_NUM_THREADS = before;
  }
}

test('kernels and gaps add up to what a step takes in one pass, within 10%', async () => {
  const own = await openSteadyDevice();
  try {
    // A pass of its own costs each dispatch a little, which gaps hold, and SwiftShader waits at each for its threads.
    const limit = own.adapter.kind === 'lavapipe' ? 0.1 : 0.5;
    const trainer = await createTrainer(await createModel(own, SPEC, { seed: 1 }), DATA, { batch: ROUND_BATCH });
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { report, whole } = await trainer.lend((stepper, restore) =>
        profileBesideWhole(own, stepper, restore, round % 2),
      );
      const gaps = gapsOfSteps(report);
      assert.ok(Math.abs(median(gaps) - report.step.gaps) < 1e-3, `gaps ${report.step.gaps} us, in the events ${gaps}`);
      for (const [at, took] of whole.entries()) {
        const kernels = report.rows.reduce((sum, { samples }) => sum + (samples[at] ?? Number.NaN), 0);
        ratios.push((kernels + (gaps[at] ?? Number.NaN)) / took);
      }
    }
    assert.is(ratios.length, ROUNDS * ROUND_STEPS);
    const ratio = median(ratios);
    assert.ok(Math.abs(ratio - 1) <= limit, `kernels + gaps are ${ratio} of a step in one pass; of each: ${ratios}`);
  } finally {
    own.dispose();
  }
});

/** Microseconds between the kernels of each step, from the events. */
function gapsOfSteps({ events, rows, steps }: ProfileReport): number[] {
  const gpu = events.filter(({ lane }) => lane === 'gpu');
  return Array.from({ length: steps }, (_, step) => {
    const ofStep = gpu.slice(step * rows.length, (step + 1) * rows.length);
    return ofStep.slice(1).reduce((sum, { start }, index) => {
      const last = ofStep[index];
      return sum + Math.max(0, start - ((last?.start ?? 0) + (last?.duration ?? 0)));
    }, 0);
  });
}

/**
 * A profile of steps of which each has one in one pass right before it, the next one right after it, and so on: other work
 * on the machine slows both alike.
 * @param turn 0 or 1: which of the two comes first
 * @returns the report, and microseconds of the step in one pass beside each of its steps
 */
async function profileBesideWhole(
  own: Device,
  stepper: Stepper,
  restore: () => void,
  turn: number,
): Promise<{ report: ProfileReport; whole: number[] }> {
  const memory = new Memory(own);
  const timestamps = await Timestamps.create(own, memory, 1, 4 * ROUND_STEPS);
  let submits = 0;
  const both: Stepper = Object.create(stepper);
  both.encode = (count, encodeSteps) =>
    stepper.encode(count, (encoder, steps) => {
      assert.is(steps, 1, 'a step a submit');
      const after = submits++ % 2 === turn;
      if (after) encodeSteps(encoder, steps);
      const pass = timestamps.beginPass(encoder, 'step', 0);
      stepper.program.encode(pass);
      pass.end();
      timestamps.resolve(encoder, 1);
      if (!after) encodeSteps(encoder, steps);
    });
  try {
    const subject = { device: own, memory, stepper: both, restore };
    const report = await profileStepper(subject, { steps: ROUND_STEPS, warmup: 0 });
    // The timed steps come last.
    const passes = (await timestamps.read()).flat().slice(-ROUND_STEPS);
    return { report, whole: passes.map(({ begin, end }) => (end - begin) / 1000) };
  } finally {
    timestamps.dispose();
    memory.dispose();
  }
}

/**
 * Large enough that a dispatch's own cost is nothing beside the kernel; on a busy machine that is some milliseconds, until
 * SwiftShader's threads have their turn.
 */
const LARGE = vae({ pixels: 784, hidden: [fast ? 128 : 64, 48], latent: 8 });
const LARGE_BATCH = 128;
const RESIDENT = residentOf(checkExamples(DATA.train, 'images'), 'f32');

/** Profiles the training step's plan with other dispatches in the place of each, on memory of its own. */
async function profilePlan(own: Device, change: (dispatch: Dispatch) => Dispatch[]): Promise<ProfileReport> {
  const model = await createModel(own, LARGE, { seed: 1 });
  const { layout, choose, machine } = model;
  const sizes = {
    layout,
    rows: LARGE_BATCH,
    ...residentSizes(RESIDENT, device.limits),
    metricsCapacity: METRICS_CAPACITY,
  };
  // A weight's gradient alone, which may run over and over and stay what it is.
  const form = { choose, fuse: true, keepGradients: true };
  const plan = makePlan('step', trainingGraph(LARGE, LARGE_BATCH), { ...sizes, ...form });
  const changed = { ...plan, dispatches: plan.dispatches.flatMap(change) };
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
    const stepper = await Stepper.create(machine, changed, RESIDENT, settings, shared, '');
    const restore = () => stepper.rewind(0);
    return await profileStepper({ device: own, memory: machine.memory, stepper, restore }, { steps: PLANTED_STEPS });
  } finally {
    model.dispose();
  }
}

const WORK = 5;
/** Slow kernels in the plan, steps of a profile, profiles: always so many, and the median of all their calls is judged. */
const PLANTED = 3;
const PLANTED_STEPS = fast ? 16 : 7;
const PROFILES = 3;

/**
 * In the place of a weight's gradient the same many times over: WORK as it is, then a slow one, and that PLANTED times. The
 * slow one's grid is WORK deep, and its workgroups look at x and y only, so everything is done WORK times.
 */
function plant(dispatch: Dispatch): Dispatch[] {
  const { label, kernel, grid } = dispatch;
  if (label !== 'encoder.0' || !kernel.endsWith('+weight_gradient')) return [dispatch];
  const slow: Dispatch = { ...dispatch, label: 'slow', grid: [grid[0], grid[1], WORK] };
  return Array.from({ length: PLANTED }, () => [...Array.from({ length: WORK }, () => dispatch), slow]).flat();
}

/**
 * How many times slower each call of a slow kernel was than the mean of those right before it, which together do as much:
 * other work on the machine slows both alike.
 */
function slowerBy({ rows }: ProfileReport): number[] {
  return rows.flatMap(({ label, samples }, index) => {
    if (label !== 'slow') return [];
    const before = rows.slice(index - WORK, index);
    return samples.map((slow, call) => (WORK * slow) / before.reduce((sum, row) => sum + (row.samples[call] ?? 0), 0));
  });
}

for (const without of [[], ['timestamp-query']])
  test(`a kernel that does its work ${WORK} times is so much slower, and the largest${without.length ? ', by repetition' : ''}`, async () => {
    const own = await openSteadyDevice(without);
    try {
      const factors: number[] = [];
      const sentences: string[] = [];
      for (let profile = 0; profile < PROFILES; profile++) {
        const report = await profilePlan(own, plant);
        factors.push(...slowerBy(report));
        sentences.push(report.bottleneck.sentence);
      }
      const named = sentences.filter((text) =>
        /^The GPU is .*; the largest is matmul_\w+\+weight_gradient of slow \(/.test(text),
      );
      assert.ok(named.length > PROFILES / 2, `the bottleneck: ${sentences.join(' ')}`);
      assert.ok(factors.length >= 7 * PLANTED * PROFILES, `${factors.length} calls of slow kernels`);
      const factor = median(factors);
      assert.ok(Math.abs(factor / WORK - 1) < 0.2, `${factor} times slower, must be ${WORK} within 20%`);
    } finally {
      own.dispose();
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
  assert.is(want.length, 3, 'parameters, and two of Adam');
  for (const [index, tensors] of want.entries())
    assert.ok(sameBits(got[index] ?? new Map(), tensors), `state ${index}`);
});

test('profiling off costs nothing: a step is the dispatches of its plan and nothing else, before and after a profile', () =>
  onTrainer(async (trainer) => {
    const steps = 4;
    const train = async () => {
      const before = await counting(device, () => trainer.evaluate());
      const after = await counting(device, () => trainSteps(trainer, steps));
      return { dispatches: after.dispatches - before.dispatches, querySets: after.querySets };
    };
    // The weights are looked at once, after the steps, layer by layer.
    const layers = trainer.model.layout.segments.length;
    const want = { dispatches: steps * trainer.plan.dispatches.length + layers, querySets: 0 };
    assert.equal(await train(), want);
    const { dispatches, passes } = await counting(device, () => profileTrainer(trainer, { steps: 3, warmup: 1 }));
    assert.ok(dispatches > want.dispatches && passes > 3 * trainer.plan.dispatches.length, 'the counters count');
    assert.equal(await train(), want);
  }));

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
    await fails(() => profileTrainer(trainer), /is already training; await its reports before it is lent$/);
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

test('ceilings: empty dispatches and such as wait, many in one pass each; and empty ones in a pass of their own', async () => {
  const { ofPipeline } = await counting(device, () => measureCeilings(device));
  const [empty = [], dependent = []] = ['empty', 'dependent'].map((name) => ofPipeline.get(`ceiling ceiling_${name}`));
  const inOnePass = ({ passes, dispatches }: Work) => passes === 1 && dispatches > 1;
  const ownPasses = ({ passes, dispatches }: Work) => passes === dispatches && dispatches > 1;
  assert.ok(empty.some(inOnePass), 'empty ones in one pass');
  assert.ok(dependent.some(inOnePass), 'such as wait in one pass');
  assert.ok(empty.some(ownPasses), 'empty ones in a pass of their own');
});

usesDevice(test);
test.run();
