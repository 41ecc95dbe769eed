// Every member of the family trains as in f64 (oracle/train64.ts), fused and unfused, on a short last batch; and each layer of one
// that is pretrained. Limits and their derivation: plan-equivalence.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encoderDepth } from '../../src/graph/layers.js';
import type { ModelSpec } from '../../src/model/spec.js';
import { usesDevice } from '../support/device.js';
import { CONVOLUTIONAL } from '../support/models/convolution-models.js';
import { FAMILY, FAMILY_DATA } from '../support/models/family.js';
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

const STEP_LIMIT = 1.4e-6;
/**
 * And of several samples: what each of them counts is exp of a number of some 50 nats (-log p of 49 pixels of noise), a sum whose
 * last additions are each off by 2^-24 of what they come to, together by twice as much as the whole.
 */
const SAMPLES_LIMIT = STEP_LIMIT + 2 * 50 * 2 ** -24;
const LOSS_LIMIT = 3e-5;
const RUN_LIMIT = 2e-6;
/** Gradients that may be further off move parameters further off (measured: 2.5e-6). */
const SAMPLES_RUN_LIMIT = 4e-6;
/** Over the end of an epoch of four steps, the last of them short. */
const STEPS = 6;
const OPTIONS = { batch: 10, lr: 2e-3, seed: 5 };

const named = (values: ReadonlyMap<string, Float64Array>): Tensors =>
  new Map([...values].map(([name, each]) => [name, { values: each }]));

const limitOf = ({ loss }: ModelSpec): number => (loss.samples === undefined ? STEP_LIMIT : SAMPLES_LIMIT);

async function checkTraining(spec: ModelSpec, layer?: number, stepLimit = limitOf(spec)): Promise<void> {
  const parameters = await (await modelOf(spec)).parameters();
  const counts: number[] = [];
  for (const fuse of [true, false]) {
    const what = fuse ? 'fused' : 'unfused';
    const options = { ...OPTIONS, fuse, ...(layer !== undefined && { layer }) };
    const setup = { spec, dataset: FAMILY_DATA, options, parameters };
    const gradients = await firstGradients(setup);
    await withTrainer(setup, async (trainer, model) => {
      const part = layer === undefined ? 'whole' : { layer };
      const oracle = new Train64(spec, parameters, { ...OPTIONS, images: FAMILY_DATA.train, part });
      const [report] = await trainSteps(trainer, 1);
      const want = oracle.train();
      closeLosses(report?.train, want.losses, LOSS_LIMIT, `${what}: step 1`);
      const got = new Map([...gradients].filter(([name]) => want.gradients.has(name)));
      closeTensors(got, named(want.gradients), stepLimit, `${what}: gradient of step 1`);
      await trainSteps(trainer, STEPS - 1);
      while (oracle.step < STEPS) oracle.train();
      const runLimit = spec.loss.samples === undefined ? RUN_LIMIT : SAMPLES_RUN_LIMIT;
      closeTensors(await model.parameters(), named(oracle.parameters), runLimit, `${what}: after ${STEPS} steps`);
      const test = oracle.evaluate(FAMILY_DATA.test);
      closeLosses(await trainer.evaluate(), test, LOSS_LIMIT, `${what}: after ${STEPS} steps`);
      counts.push(trainer.plan.dispatches.length);
    });
  }
  const [fused = 0, unfused = 0] = counts;
  assert.ok(fused < unfused, `${fused} dispatches fused, ${unfused} unfused`);
}

for (const [name, spec] of Object.entries(FAMILY))
  test(`${name}: fused and unfused train as f64 does`, () => checkTraining(spec));

/** Weight gradients add up 10 images x 49 places: sqrt(12 * 490) 2^-24, by the derivation of the dense ones. */
const CONVOLUTION_LIMIT = 4.6e-6;

for (const [name, spec] of Object.entries(CONVOLUTIONAL))
  test(`${name}: fused and unfused train as f64 does`, () => checkTraining(spec, undefined, CONVOLUTION_LIMIT));

const { stacked } = FAMILY;
if (!stacked) throw new Error('the family has a stacked member');
for (let layer = 0; layer < encoderDepth(stacked); layer++)
  test(`stacked, layer ${layer} alone: fused and unfused train as f64 does`, () => checkTraining(stacked, layer));

usesDevice(test);
test.run();
