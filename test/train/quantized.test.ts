// A quantised code in training: fused and unfused, feature map and vector, as f64 on the host; two runs, the codebook included, to
// the same bits; a resumed one as one that was never stopped; and what a trained model gives. Limits: plan-equivalence.test.ts; of
// convolutions families/family.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ModelSpec } from '../../src/model/spec.js';
import { createModel } from '../../src/train/model.js';
import { decodeSnapshot, encodeSnapshot } from '../../src/train/snapshot/snapshot.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { CONVOLUTIONAL } from '../support/models/convolution-models.js';
import { FAMILY_DATA, familyImages } from '../support/models/family.js';
import { distancesOf } from '../support/oracle/interpret-quantize.js';
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

const OPTIONS = { batch: 10, lr: 2e-3, seed: 5 };
const STEP_LIMIT = 4.6e-6;
const LOSS_LIMIT = 3e-5;
const RUN_LIMIT = 2e-6;
/** Over the end of an epoch of four steps, the last of them short. */
const STEPS = 6;

const modelNamed = (name: string): ModelSpec => {
  const spec = CONVOLUTIONAL[name];
  if (!spec) throw new Error(`there is no ${name}`);
  return spec;
};
const MAPS = modelNamed('vq-vae');
const VECTORS = modelNamed('vq-vae without feature maps');

const named = (values: ReadonlyMap<string, Float64Array>): Tensors =>
  new Map([...values].map(([name, each]) => [name, { values: each }]));

for (const [name, spec] of Object.entries({ 'feature map': MAPS, vector: VECTORS }))
  for (const fuse of [true, false])
    test(`${name}, ${fuse ? 'fused' : 'unfused'}: step 1, ${STEPS} steps and an evaluation are those of f64`, async () => {
      const parameters = await (await modelOf(spec)).parameters();
      const setup = { spec, dataset: FAMILY_DATA, options: { ...OPTIONS, fuse }, parameters };
      const gradients = await firstGradients(setup);
      await withTrainer(setup, async (trainer, model) => {
        const oracle = new Train64(spec, parameters, { ...OPTIONS, images: FAMILY_DATA.train });
        const [report] = await trainSteps(trainer, 1);
        const want = oracle.train();
        closeTensors(gradients, named(want.gradients), STEP_LIMIT, 'gradient of step 1');
        closeLosses(report?.train, want.losses, LOSS_LIMIT, 'step 1');
        await trainSteps(trainer, STEPS - 1);
        while (oracle.step < STEPS) oracle.train();
        const final = await model.parameters();
        closeTensors(final, named(oracle.parameters), RUN_LIMIT, `after ${STEPS} steps`);
        closeLosses(await trainer.evaluate(), oracle.evaluate(FAMILY_DATA.test), LOSS_LIMIT, `after ${STEPS} steps`);
        const counts = final.get('codebook.counts')?.values ?? [];
        assert.ok([...counts].filter((count) => count > 0).length === counts.length, 'no vector is left at 0');
      });
    });

const bitsOf = (tensors: ReadonlyMap<string, { values: Float32Array }>) =>
  [...tensors].map(([name, { values }]) => [
    name,
    [...new Uint32Array(values.buffer, values.byteOffset, values.length)],
  ]);

async function trained(steps: number): Promise<unknown> {
  const model = await createModel(device, MAPS, { seed: 3 });
  const trainer = await createTrainer(model, FAMILY_DATA, OPTIONS);
  await trainSteps(trainer, steps);
  const bits = bitsOf(await model.parameters());
  trainer.dispose();
  model.dispose();
  return bits;
}

test('two runs have the same bits, the codebook among them', async () => {
  assert.equal(await trained(9), await trained(9));
});

test('a run that goes on from a checkpoint has the bits of one that was not stopped', async () => {
  const model = await createModel(device, MAPS, { seed: 3 });
  const trainer = await createTrainer(model, FAMILY_DATA, OPTIONS);
  await trainSteps(trainer, 5);
  const { snapshot } = decodeSnapshot(encodeSnapshot(await trainer.snapshot()));
  for (const name of ['weight', 'counts', 'sums'])
    assert.ok(snapshot.parameters.has(`codebook.${name}`), `codebook.${name} is in the checkpoint`);
  trainer.dispose();
  model.dispose();

  const other = await createModel(device, MAPS, { seed: 8 });
  const resumed = await createTrainer(other, FAMILY_DATA, OPTIONS);
  await resumed.restore(snapshot);
  await trainSteps(resumed, 4);
  assert.equal(bitsOf(await other.parameters()), await trained(9));
  resumed.dispose();
  other.dispose();
});

test('an evaluation leaves the codebook as it is', async () => {
  const model = await createModel(device, MAPS, { seed: 3 });
  const trainer = await createTrainer(model, FAMILY_DATA, OPTIONS);
  await trainSteps(trainer, 3);
  const before = bitsOf(await model.parameters());
  await trainer.evaluate();
  await model.encode(familyImages(5, 9).pixels);
  assert.equal(bitsOf(await model.parameters()), before);
  trainer.dispose();
  model.dispose();
});

test('encode gives the vectors and their numbers; what decodes these is what reconstruct gives', async () => {
  const model = await createModel(device, MAPS, { seed: 3 });
  const trainer = await createTrainer(model, FAMILY_DATA, OPTIONS);
  await trainSteps(trainer, 8);
  const { pixels } = familyImages(6, 9);
  const { mean, indices = new Uint32Array(), logVar } = await model.encode(pixels);
  const codebook = (await model.parameters()).get('codebook.weight')?.values ?? new Float32Array();
  assert.equal([mean.length, indices.length, logVar], [6 * 20, 6 * 4, undefined]);
  assert.ok(new Set(indices).size > 1, `${indices} are not all the same`);
  const taken = [...indices].flatMap((code) => [...codebook.subarray(5 * code, 5 * code + 5)]);
  assert.equal([...mean], taken);
  // A vector of the codebook is the nearest to itself.
  indices.forEach((code, place) => {
    assert.is(distancesOf(mean.subarray(5 * place, 5 * place + 5), codebook)[code], 0);
  });
  assert.equal(await model.decode(mean), await model.reconstruct(pixels));
  trainer.dispose();
  model.dispose();
});

test('scores are the loss of each row, without the perplexity of a batch', async () => {
  const model = await createModel(device, MAPS, { seed: 3 });
  const trainer = await createTrainer(model, FAMILY_DATA, OPTIONS);
  await trainSteps(trainer, 2);
  const { pixels } = familyImages(40, 9);
  const scores = await model.scores(pixels, { terms: true });
  assert.equal(Object.keys(scores).sort(), ['commitment', 'loss', 'mse']);
  const evaluated = await trainer.evaluate(familyImages(40, 9));
  const mean = scores.loss.reduce((sum, each) => sum + each, 0) / 40;
  assert.ok(Math.abs(mean - evaluated.loss) <= 1e-5 * evaluated.loss, `${mean} and ${evaluated.loss}`);
  trainer.dispose();
  model.dispose();
});

test('a model without a prior says so', async () => {
  const model = await createModel(device, MAPS);
  const message = await model.sample(1).catch((error: Error) => error.message);
  assert.is(
    message,
    'this model has a quantized code and no prior to draw from; use a variational one, or decode codes of your own',
  );
  model.dispose();
});

usesDevice(test);
test.run();
