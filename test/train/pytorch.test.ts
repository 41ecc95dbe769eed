// 30 training steps against PyTorch in f64 (reference.py): the same first parameters, batches and noise. A run of PyTorch
// itself in f32 is off by 1e-6 in the losses and 2e-6 in the parameters; the limits leave room for other orders of summing
// and are far below any change of what is computed (reference.py lists some).
import fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OPTIMIZERS, resolveOptimizer } from '../../src/model/optimizer.js';
import type { TrainerOptions } from '../../src/train/options.js';
import { usesDevice } from '../support/device.js';
import { DATASET, FINAL, GRADIENTS, INITIAL, LOSSES, OPTIONS, SPEC, STEPS } from '../support/models/reference.js';
import { Train64 } from '../support/oracle/train64.js';
import {
  closeLosses,
  closeTensors,
  firstGradients,
  lossError,
  lossesOfSteps,
  namedTensors,
  withTrainer,
} from '../support/training/training.js';

const GRADIENT_LIMIT = 1e-5;
const LOSS_LIMIT = 1e-4;
const PARAMETER_LIMIT = 1e-3;

for (const fuse of [true, false])
  test(`${STEPS} steps, ${fuse ? 'fused' : 'unfused'}: gradients, losses and parameters are PyTorch's`, async () => {
    const setup = { spec: SPEC, dataset: DATASET, options: { ...OPTIONS, fuse }, parameters: INITIAL };
    closeTensors(await firstGradients(setup), GRADIENTS, GRADIENT_LIMIT, 'gradient of step 1');
    await withTrainer(setup, async (trainer, model) => {
      const losses = await lossesOfSteps(trainer, STEPS);
      for (const [step, want] of LOSSES.entries()) closeLosses(losses[step], want, LOSS_LIMIT, `step ${step + 1}`);
      closeTensors(await model.parameters(), FINAL, PARAMETER_LIMIT, `after step ${STEPS}`);
    });
  });

interface Run {
  options: TrainerOptions & { lr: number };
  losses: [loss: number, bce: number, kl: number][];
  final: Record<string, number[]>;
}
/** Of test/train/optimizers.py. */
const { runs: RUNS }: { runs: Run[] } = JSON.parse(fs.readFileSync('test/train/optimizers.json', 'utf8'));

const tensorsOf = (final: Run['final']) =>
  new Map(Object.entries(final).map(([name, values]) => [name, { values }] as const));

test('there is a run of every optimizer', () =>
  assert.equal([...new Set(RUNS.map(({ options }) => resolveOptimizer(options.optimizer).kind))], OPTIMIZERS.slice()));

for (const { options, losses, final } of RUNS)
  test(`${losses.length} steps with ${JSON.stringify(options)}: losses and parameters are PyTorch's`, () =>
    withTrainer(
      { spec: SPEC, dataset: DATASET, options: { ...OPTIONS, reduction: 'mean', ...options }, parameters: INITIAL },
      async (trainer, model) => {
        const got = await lossesOfSteps(trainer, losses.length);
        for (const [step, [loss, bce, kl]] of losses.entries())
          closeLosses(got[step], { loss, bce, kl }, LOSS_LIMIT, `step ${step + 1}`);
        const parameters = await model.parameters();
        const kept = new Map([...parameters].filter(([name]) => name in final));
        closeTensors(kept, tensorsOf(final), PARAMETER_LIMIT, `after step ${losses.length}`);
      },
    ));

// The host's own f64 training is the oracle of other tests; PyTorch's f64 is its.
test('the f64 training that other tests compare with is PyTorch, to the rounding of its pixels to f32', () => {
  const oracle = new Train64(SPEC, INITIAL, { ...OPTIONS, images: DATASET.train });
  LOSSES.forEach((want, step) => {
    const { losses, gradients } = oracle.train();
    closeLosses(losses, want, 1e-6, `step ${step + 1}`);
    if (step === 0) closeTensors(namedTensors(gradients), GRADIENTS, 1e-6, 'gradient of step 1');
  });
  closeTensors(namedTensors(oracle.parameters), FINAL, 1e-6, `after step ${STEPS}`);
});

// These runs have pixels that are not rounded, as the host has; parameters are written with nine digits,
// which are 5e-9 of a number at most.
test('the f64 training is PyTorch with every optimizer', () => {
  for (const { options, losses, final } of RUNS) {
    const oracle = new Train64(SPEC, INITIAL, { ...OPTIONS, reduction: 'mean', ...options, images: DATASET.train });
    for (const [loss, bce, kl] of losses) closeLosses(oracle.train().losses, { loss, bce, kl }, 1e-9, `${oracle.step}`);
    const named = new Map(Object.keys(final).map((name) => [name, { values: oracle.parameters.get(name) ?? [] }]));
    closeTensors(named, tensorsOf(final), 5e-9, JSON.stringify(options));
  }
});

test('the control: a run with another seed is refused from its first loss on', () =>
  withTrainer(
    { spec: SPEC, dataset: DATASET, options: { ...OPTIONS, seed: OPTIONS.seed + 1 }, parameters: INITIAL },
    async (trainer) => {
      const [loss] = await lossesOfSteps(trainer, 1);
      assert.ok(LOSSES[0] && lossError(loss, LOSSES[0]) > LOSS_LIMIT);
    },
  ));

usesDevice(test);
test.run();
