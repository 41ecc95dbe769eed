// Steps submitted together (src/train/step/stepper.ts): the counters that the GPU advances by itself, and the ring in which the
// metrics wait, over its end.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkExamples } from '../../src/data/examples.js';
import { evaluationGraph } from '../../src/graph/build.js';
import { makePlan } from '../../src/plan/make.js';
import { settingsFrom } from '../../src/train/options.js';
import { METRICS_CAPACITY } from '../../src/train/step/metrics.js';
import { residentOf, residentSizes } from '../../src/train/step/resident.js';
import { Stepper } from '../../src/train/step/stepper.js';
import { usesDevice } from '../support/device.js';
import { IMAGES, INITIAL, SPEC } from '../support/models/reference.js';
import { modelOf } from '../support/training/training.js';

const BATCH = 16;
const RESIDENT = residentOf(checkExamples(IMAGES, 'images'), 'f32');
const SETTINGS = settingsFrom({ batch: BATCH, seed: 9 }, IMAGES.count);

/** Steps over the reference images, evaluating: what a step gives depends on its number alone. */
async function withStepper(work: (stepper: Stepper) => Promise<void>): Promise<void> {
  const model = await modelOf(SPEC);
  model.loadParameters(INITIAL);
  const { layout, choose, machine, parameterBuffer } = model;
  const sizes = {
    layout,
    rows: BATCH,
    ...residentSizes(RESIDENT, machine.device.limits),
    metricsCapacity: METRICS_CAPACITY,
  };
  const plan = makePlan('steps', evaluationGraph(SPEC, BATCH), { ...sizes, choose, fuse: true });
  const stepper = await Stepper.create(machine, plan, RESIDENT, SETTINGS, { parameters: parameterBuffer }, '');
  try {
    await work(stepper);
  } finally {
    stepper.dispose();
  }
}

/** Of `count` steps from `first` on, submitted one at a time: [bce, kl, losses that are not finite] each. */
async function oneByOne(stepper: Stepper, first: number, count: number): Promise<number[]> {
  const sums: number[] = [];
  for (let step = first; step < first + count; step++) {
    stepper.rewind(step);
    sums.push(...(await stepper.submit(1).sums));
  }
  return sums;
}

test('steps submitted together are those submitted one by one: the GPU counts epochs, rows and noise itself', () =>
  withStepper(async (stepper) => {
    assert.is(stepper.stepsPerPass, 4);
    const want = await oneByOne(stepper, 0, 10);
    assert.is(new Set(want.filter((_, i) => i % 3 === 0)).size, 10, 'no step has the reconstruction loss of another');
    stepper.rewind(0);
    const together = stepper.submit(10);
    assert.equal([together.step, together.count, stepper.step], [0, 10, 10]);
    assert.equal([...(await together.sums)], want);
    assert.equal([0, 1, 2, 3, 4].map(stepper.rows), [16, 16, 16, 8, 16]);
  }));

test(`the ring of ${METRICS_CAPACITY}: a submit ends with it, and the next begins at its start`, () =>
  withStepper(async (stepper) => {
    const first = METRICS_CAPACITY - 3;
    const want = await oneByOne(stepper, first, 8);
    stepper.rewind(first);
    const pending = [stepper.submit(8), stepper.submit(5)];
    assert.equal(
      pending.map(({ step, count }) => [step, count]),
      [
        [first, 3],
        [METRICS_CAPACITY, 5],
      ],
    );
    const sums = await Promise.all(pending.map((each) => each.sums));
    assert.equal(
      sums.flatMap((each) => [...each]),
      want,
    );
  }));

test('several submits in flight: each gets its own metrics, whatever the order in which they are read', () =>
  withStepper(async (stepper) => {
    const want = await oneByOne(stepper, 0, 9);
    stepper.rewind(0);
    const pending = [stepper.submit(2), stepper.submit(3), stepper.submit(4)];
    const sums = await Promise.all(pending.toReversed().map((each) => each.sums));
    assert.equal(
      sums.toReversed().flatMap((each) => [...each]),
      want,
    );
  }));

/** A pass that only remembers what is set when each dispatch comes. */
class NotedPass {
  calls = { setPipeline: 0, setBindGroup: 0 };
  dispatches: unknown[][] = [];
  private pipeline: unknown;
  private group: unknown;
  setPipeline(pipeline: unknown) {
    this.calls.setPipeline++;
    this.pipeline = pipeline;
  }
  setBindGroup(_: number, group: unknown) {
    this.calls.setBindGroup++;
    this.group = group;
  }
  dispatchWorkgroups(...grid: number[]) {
    this.dispatches.push([this.pipeline, this.group, ...grid]);
  }
}

test('a step is encoded without setting what is set already, each dispatch with its own pipeline and bind group', () =>
  withStepper(async ({ program }) => {
    const noted = (encode: (pass: GPUComputePassEncoder) => void): NotedPass => {
      const pass = new NotedPass();
      encode(pass as unknown as GPUComputePassEncoder);
      return pass;
    };
    const count = program.plan.dispatches.length;
    const step = noted((pass) => program.encode(pass));
    const alone = Array.from({ length: count }, (_, i) => noted((pass) => program.encodeDispatch(pass, i)).dispatches);
    assert.ok(step.dispatches.every((one, i) => one.every((value, at) => value === alone[i]?.[0]?.[at])));
    const changes = step.dispatches.filter(([pipeline], i) => pipeline !== step.dispatches[i - 1]?.[0]).length;
    assert.equal(step.calls, { setPipeline: changes, setBindGroup: count });
  }));

usesDevice(test);
test.run();
