// 20 steps of every member of the family, and with every optimizer, schedule and way of clipping, against PyTorch in f64
// (family.py): the same first parameters, batches and noise. Fused only: that unfused plans do the same is held against
// f64 on the host (family.test.ts, optimizer.test.ts), and that this is PyTorch in test/unit/support/train64.test.ts.
//
// Limits, relative L2 a tensor, are those that plan-equivalence.test.ts derives, and why they hold here (the measured
// numbers are SwiftShader's and lavapipe's):
// A gradient goes through 8 stages (4 matmuls there and 4 back) that round sums of k <= 52 products: sqrt(8 * 52) 2^-24 =
// 1.2e-6; the file's rounding to f32 is 2^-25 of each number (measured: at most 7.2e-7).
// Adam divides each gradient by its own size, so what is mostly rounding moves a parameter by up to lr; how far it can go
// astray is how far it goes, 30 * 2e-3 = 0.06 there. Here Adam's 20 steps of 3e-3 come to the same. RMSprop starts
// uncorrected, with steps up to lr / sqrt((1 - 0.99) t), which come to 76 lr in 20 steps and with a momentum of 0.6 to at
// most 190 lr: 0.02 at a rate of 1e-4. With an epsilon of 1e-3 rounding moves nothing far. (Measured: at most 8.7e-7, and
// 2.7e-7 without momentum; Adam 4.0e-7.)
// SGD moves by rate x gradient: no tensor moves by more than itself in these runs (family.py holds that), so a gradient's
// error comes to at most as much of the parameter, if it does not grow on the way (measured: 2.1e-7).
// The KL divergence of a model that has learnt little is a small difference of large numbers: losses are held to 3e-5
// (measured: 9.1e-6). They are told by epochs, the first step alone.
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeLosses, closeTensors, firstGradients, trainSteps, withTrainer } from '../training/training.js';
import { type FamilyCase, meanLosses, STEPS } from './family-reference.js';

const GRADIENT_LIMIT = 1.4e-6;
const LOSS_LIMIT = 3e-5;
const PARAMETER_LIMIT = 2e-6;

/**
 * Of convolutions: 12 stages, and a weight's gradient adds up 16 images x 49 places: sqrt(12 * 784) 2^-24.
 */
export const CONVOLUTION_LIMIT = 5.8e-6;

/**
 * Of several samples: what each of them counts is exp of a number of some 50 nats, a sum whose last additions are each off by 2^-24
 * of what they come to, together by twice as much as the whole; a parameter moves by as much more.
 */
export const IMPORTANCE_LIMIT = GRADIENT_LIMIT + 2 * 50 * 2 ** -24;

/** A test for each of `cases`. */
export function testParity(
  test: Test,
  cases: readonly FamilyCase[],
  gradientLimit = GRADIENT_LIMIT,
  parameterLimit = PARAMETER_LIMIT,
): void {
  for (const { name, setup, gradients, final, losses } of cases)
    test(`${name}: the gradient of step 1, the losses and parameters of ${STEPS} steps are PyTorch's`, async () => {
      closeTensors(await firstGradients(setup), gradients, gradientLimit, 'gradient of step 1');
      await withTrainer(setup, async (trainer, model) => {
        const first = await trainSteps(trainer, 1);
        let done = 0;
        for (const { step, train } of [...first, ...(await trainSteps(trainer, STEPS - 1))]) {
          // A report covers its epoch, also what came before the trainer stopped in the middle of it.
          const from = step - ((step - 1) % trainer.stepsPerEpoch) - 1;
          closeLosses(train, meanLosses(losses, from, step), LOSS_LIMIT, `steps ${from + 1} to ${step}`);
          done = step;
        }
        assert.is(done, STEPS);
        closeTensors(await model.parameters(), final, parameterLimit, `after step ${STEPS}`);
      });
    });
}
