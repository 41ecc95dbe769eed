// One seed gives one run, bit for bit: losses and parameters. Another seed of the model or of the trainer gives another.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Initialization } from '../../src/model/spec.js';
import { createModel } from '../../src/train/model.js';
import type { EpochReport } from '../../src/train/reports.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { DATASET, INITIAL, OPTIONS, SPEC } from '../support/models/reference.js';
import { reportsOf, sameBits, type Tensors, withTrainer } from '../support/training/training.js';

/** Two epochs and a half. */
const STEPS = 10;

/** What a run came to but for the time that it took. */
interface Outcome {
  losses: Pick<EpochReport, 'epoch' | 'step' | 'train' | 'test'>[];
  parameters: Tensors;
}

const outcome = (reports: EpochReport[], parameters: Tensors): Outcome => ({
  losses: reports.map(({ epoch, step, train, test }) => ({ epoch, step, train, test })),
  parameters,
});

/** A run on a model of its own, made from nothing. */
async function fresh(modelSeed: number, trainerSeed: number): Promise<Outcome> {
  const model = await createModel(device, SPEC, { seed: modelSeed });
  try {
    const trainer = await createTrainer(model, DATASET, { ...OPTIONS, seed: trainerSeed });
    return outcome(await reportsOf(trainer, { steps: STEPS, epochs: 3 }), await model.parameters());
  } finally {
    model.dispose();
  }
}

/** A run on the model that all tests share. */
const shared = (options: typeof OPTIONS & { fuse?: boolean }): Promise<Outcome> =>
  withTrainer({ spec: SPEC, dataset: DATASET, options, parameters: INITIAL }, async (trainer, model) =>
    outcome(await reportsOf(trainer, { steps: STEPS, epochs: 3 }), await model.parameters()),
  );

test('two runs with one seed, each on a model of its own, are the same bit for bit', async () => {
  const [first, second] = [await fresh(3, 4), await fresh(3, 4)];
  assert.is(first.losses.length, 3);
  assert.equal(second.losses, first.losses);
  assert.ok(sameBits(second.parameters, first.parameters));
});

for (const fuse of [true, false])
  test(`two runs of one model are the same bit for bit, ${fuse ? 'fused' : 'unfused'}`, async () => {
    const [first, second] = [await shared({ ...OPTIONS, fuse }), await shared({ ...OPTIONS, fuse })];
    assert.equal(second.losses, first.losses);
    assert.ok(sameBits(second.parameters, first.parameters));
  });

test("another seed of the trainer is another run: seeds' upper halves count too", async () => {
  const first = await shared(OPTIONS);
  for (const seed of [OPTIONS.seed + 1, OPTIONS.seed + 2 ** 32]) {
    const other = await shared({ ...OPTIONS, seed });
    assert.not.equal(other.losses, first.losses);
    assert.not(sameBits(other.parameters, first.parameters));
  }
});

/** Inputs and units of each layer of SPEC. */
const LAYERS = {
  'encoder.0': [100, 48],
  'encoder.2': [48, 24],
  mu: [24, 6],
  log_var: [24, 6],
  'decoder.0': [6, 24],
  'decoder.2': [24, 48],
  'decoder.4': [48, 100],
} as const;
/** Bounds of the uniform numbers: of the weights, and of the biases. */
const BOUNDS: Record<Initialization, (inputs: number, units: number) => [weight: number, bias: number]> = {
  pytorch: (inputs) => [1 / Math.sqrt(inputs), 1 / Math.sqrt(inputs)],
  xavier: (inputs, units) => [Math.sqrt(6 / (inputs + units)), 0],
  he: (inputs) => [Math.sqrt(6 / inputs), 0],
};

for (const initialization of [undefined, 'pytorch', 'xavier', 'he'] as const)
  test(`the seed of the model gives its first parameters, ${initialization ?? 'by default as in PyTorch'}`, async () => {
    const initial = async (seed: number) => {
      const model = await createModel(device, { ...SPEC, ...(initialization && { initialization }) }, { seed });
      const parameters = await model.parameters();
      model.dispose();
      return parameters;
    };
    const [first, again, other] = [await initial(3), await initial(3), await initial(4)];
    assert.ok(sameBits(again, first));
    assert.not(sameBits(other, first));
    for (const [layer, [inputs, units]] of Object.entries(LAYERS)) {
      const [ofWeight, ofBias] = BOUNDS[initialization ?? 'pytorch'](inputs, units);
      fillsUniformly(`${layer}.weight`, first.get(`${layer}.weight`)?.values, ofWeight);
      fillsUniformly(`${layer}.bias`, first.get(`${layer}.bias`)?.values, ofBias);
    }
    const drawn = [...first.values()].flatMap(({ values }) => [...values]).filter((value) => value !== 0);
    assert.ok(new Set(drawn).size > 0.99 * drawn.length, 'no tensor repeats another');
  });

function fillsUniformly(name: string, values = new Float32Array(), bound: number) {
  assert.ok(values.length > 0, name);
  if (bound === 0) {
    assert.ok(
      values.every((value) => Object.is(value, 0)),
      `${name} is 0`,
    );
    return;
  }
  assert.ok(
    values.every((value) => Math.abs(value) <= bound * (1 + 2 ** -23)),
    `${name} within its bound`,
  );
  // The variance of a uniform number is bound^2 / 3; of n of them it is off by sqrt(0.8 / n), five times that allowed.
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  assert.ok(Math.abs((3 * variance) / bound ** 2 - 1) < 5 * Math.sqrt(0.8 / values.length), `${name} fills it`);
}

usesDevice(test);
test.run();
