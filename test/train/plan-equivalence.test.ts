// The fused plan and the unfused one compute the same training: both are held against f64 on the host (oracle/train64.ts), and
// against each other. Two models with odd sizes, all activations between them, a KL weight and a short last batch.
//
// Limits, relative L2 a tensor. A gradient goes through some 12 stages (6 matmuls there and 5 back, and the losses), each
// of which rounds sums of k <= 49 products; roundings of 2^-24 that add up like a random walk give sqrt(12 * 49) 2^-24 =
// 1.4e-6, and that is the limit of step 1 (measured on SwiftShader: at most 4.3e-7). Adam divides each gradient by its own
// size, so a parameter moves by at most lr whatever its gradient, and where the gradient is mostly rounding the move is
// too: over 30 steps that is measured, not derived: 2.2e-7 on SwiftShader, of which the limit is nine times. Fused and
// unfused may then be two limits apart (measured: 9e-8).
// The deeper model has 16 such stages and as many activations, whose few operations round like one sum more: sqrt(2 * 16 *
// 49) 2^-24 = 2.4e-6 (measured on SwiftShader: at most 7.9e-7). After 30 steps it is held to the same limit (measured: 2.8e-7).
// The KL of a model that has learnt little is a small difference, 0.02 a dimension, of four numbers of size one, each off
// by 2^-23: so losses are held to 3e-5 (measured: 5.6e-6). The deeper model has a small KL weight, or its KL would fall to
// 0.0003 a dimension, which leaves too few digits.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Images } from '../../src/data/dataset.js';
import { activationOf } from '../../src/model/layers.js';
import { ACTIVATIONS, type ModelSpec } from '../../src/model/spec.js';
import { usesDevice } from '../support/device.js';
import { uniforms } from '../support/limits/numbers.js';
import { Train64 } from '../support/oracle/train64.js';
import {
  closeLosses,
  closeTensors,
  firstGradients,
  modelOf,
  type Tensors,
  trainSteps,
  withTrainer,
} from '../support/training/training.js';

const LOSS_LIMIT = 3e-5;
const RUN_LIMIT = 2e-6;
const STEPS = 30;

interface Case {
  name: string;
  spec: ModelSpec;
  /** Of a gradient of step 1. */
  stepLimit: number;
}

const MODELS: Case[] = [
  {
    name: 'sigmoid and relu',
    stepLimit: 1.4e-6,
    spec: {
      inputs: 49,
      encoder: [
        { units: 33, activation: 'sigmoid' },
        { units: 17, activation: 'relu' },
      ],
      code: { kind: 'gaussian', units: 5 },
      decoder: [
        { units: 19, activation: 'relu' },
        { units: 31, activation: 'identity' },
        { units: 49, activation: 'sigmoid' },
      ],
      loss: { reconstruction: 'bce', klWeight: 0.3 },
    },
  },
  {
    name: 'every other activation',
    stepLimit: 2.4e-6,
    spec: {
      inputs: 49,
      encoder: [
        { units: 33, activation: 'gelu' },
        { units: 29, activation: 'leaky-relu' },
        { units: 17, activation: 'tanh' },
      ],
      code: { kind: 'gaussian', units: 5 },
      decoder: [
        { units: 19, activation: 'elu' },
        { units: 23, activation: 'silu' },
        { units: 31, activation: 'softplus' },
        { units: 49, activation: 'sigmoid' },
      ],
      loss: { reconstruction: 'bce', klWeight: 0.02 },
    },
  },
  {
    name: 'log_var out of its bounds',
    stepLimit: 1.4e-6,
    spec: {
      inputs: 49,
      encoder: [{ units: 33, activation: 'sigmoid' }],
      // Some log_var lie below, some between, some above.
      code: { kind: 'gaussian', units: 5, logVarRange: [-0.2, 0.1] },
      decoder: [
        { units: 31, activation: 'relu' },
        { units: 49, activation: 'sigmoid' },
      ],
      loss: { reconstruction: 'bce', klWeight: 0.3 },
    },
  },
];
const OPTIONS = { batch: 10, lr: 2e-3, seed: 5 };

const images = (count: number, seed: number): Images => ({
  count,
  height: 7,
  width: 7,
  pixels: Uint8Array.from(uniforms(seed, count * 49, 0, 256)),
});
const DATASET = { name: 'noise', train: images(37, 1), test: images(131, 2) };

const named = (values: ReadonlyMap<string, Float64Array>): Tensors =>
  new Map([...values].map(([name, each]) => [name, { values: each }]));

interface Run {
  /** Of step 1. */
  gradients: Tensors;
  final: Tensors;
}

// exp gives the rates of counts: PyTorch's cases have those (family-pytorch.test.ts).
test('the models have every other activation between them', () => {
  const used = MODELS.flatMap(({ spec }) => [...spec.encoder, ...spec.decoder].map(activationOf));
  assert.equal([...new Set(used)].sort(), ACTIVATIONS.filter((name) => name !== 'exp').sort());
});

for (const { name, spec, stepLimit } of MODELS) {
  /** f32 values of the seed, by parameter name. */
  const parameters = await (await modelOf(spec)).parameters();
  const setup = (fuse: boolean) => ({ spec, dataset: DATASET, options: { ...OPTIONS, fuse }, parameters });
  const runs = new Map<boolean, Run>();

  for (const fuse of [true, false])
    test(`${name}, ${fuse ? 'fused' : 'unfused'}: step 1, ${STEPS} steps and an evaluation are those of f64`, async () => {
      const gradients = await firstGradients(setup(fuse));
      await withTrainer(setup(fuse), async (trainer, model) => {
        const oracle = new Train64(spec, parameters, { ...OPTIONS, images: DATASET.train });
        closeLosses(await trainer.evaluate(), oracle.evaluate(DATASET.test), LOSS_LIMIT, 'untrained');

        const [report] = await trainSteps(trainer, 1);
        const want = oracle.train();
        assert.ok(report);
        closeLosses(report.train, want.losses, LOSS_LIMIT, 'step 1');
        closeTensors(gradients, named(want.gradients), stepLimit, 'gradient of step 1');

        await trainSteps(trainer, STEPS - 1);
        while (oracle.step < STEPS) oracle.train();
        const final = await model.parameters();
        closeTensors(final, named(oracle.parameters), RUN_LIMIT, `after ${STEPS} steps`);
        closeLosses(await trainer.evaluate(), oracle.evaluate(DATASET.test), LOSS_LIMIT, `after ${STEPS} steps`);
        runs.set(fuse, { gradients, final });
      });
    });

  test(`${name}: fused and unfused agree with each other`, () => {
    const [fused, unfused] = [runs.get(true), runs.get(false)];
    assert.ok(fused && unfused, 'both have run');
    if (!fused || !unfused) return;
    closeTensors(fused.gradients, unfused.gradients, 2 * stepLimit, 'gradient of step 1');
    closeTensors(fused.final, unfused.final, 2 * RUN_LIMIT, `after ${STEPS} steps`);
  });

  test(`${name}: the two plans are not the same one`, async () => {
    const count = (fuse: boolean) => withTrainer(setup(fuse), async ({ plan }) => plan.dispatches.length);
    const [fused, unfused] = [await count(true), await count(false)];
    assert.ok(fused < unfused / 2, `${fused} dispatches fused, ${unfused} unfused`);
  });
}

usesDevice(test);
test.run();
