// Layer-wise pretraining (src/train/pretrain.ts): which parameters each layer's turn changes, where it begins and ends, and
// what it refuses. What a layer's training computes is in family.test.ts, what it is good for in behaviour/stacked.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { digits } from '../../src/data/digits.js';
import { ArgumentError } from '../../src/errors.js';
import { ae, stacked } from '../../src/model/presets.js';
import { pretrain } from '../../src/train/pretrain.js';
import { usesDevice } from '../support/device.js';
import { modelOf, sameBits } from '../support/training/training.js';

const DATA = digits({ train: 64, test: 8, seed: 1 });
const SPEC = stacked({ hidden: [12, 8], latent: 4 });
const LAYERS = 3;
const OPTIONS = { batch: 16, lr: 0.01, seed: 3 };
const STEPS_PER_EPOCH = 4;

type Model = Awaited<ReturnType<typeof modelOf>>;

/** The layers of the encoder whose parameters, or whose mirror's in the decoder, are no longer the same. */
async function changed(model: Model, before: Awaited<ReturnType<Model['parameters']>>): Promise<number[]> {
  const found = new Set<number>();
  for (const [name, { values }] of await model.parameters()) {
    const was = before.get(name)?.values ?? [];
    if (sameBits(new Map([[name, { values }]]), new Map([[name, { values: was }]]))) continue;
    const [part, index] = name.split('.');
    found.add(part === 'decoder' ? LAYERS - 1 - Number(index) / 2 : Number(index) / 2);
  }
  return [...found].sort();
}

test('the layers learn one after the other, each with its mirror and nothing else', async () => {
  const model = await modelOf(SPEC);
  const told: number[] = [];
  let before = await model.parameters();
  for await (const report of pretrain(model, DATA, {
    ...OPTIONS,
    epochs: 2,
    onProgress: ({ layer }) => told.push(layer),
  })) {
    assert.is(report.layers, LAYERS);
    assert.is(report.step, STEPS_PER_EPOCH * report.epoch, 'every layer counts from its own beginning');
    assert.equal(await changed(model, before), [report.layer]);
    before = await model.parameters();
  }
  assert.equal([...new Set(told)], [0, 1, 2], 'progress names the layer');
});

test('it begins with the layer of `from`, and goes on after an abort to the same parameters', async () => {
  const model = await modelOf(SPEC);
  const initial = await model.parameters();
  for await (const _ of pretrain(model, DATA, { ...OPTIONS, epochs: 1, from: 2 }));
  assert.equal(await changed(model, initial), [2]);

  model.loadParameters(initial);
  for await (const _ of pretrain(model, DATA, { ...OPTIONS, epochs: 1 }));
  const whole = await model.parameters();

  model.loadParameters(initial);
  const stop = new AbortController();
  for await (const { layer } of pretrain(model, DATA, { ...OPTIONS, epochs: 1, signal: stop.signal }))
    if (layer === 1) stop.abort();
  assert.equal(await changed(model, initial), [0, 1], 'an abort ends it');
  for await (const _ of pretrain(model, DATA, { ...OPTIONS, epochs: 1, from: 2 }));
  assert.equal(await changed(model, whole), []);
});

test('what cannot be pretrained is refused', async () => {
  const model = await modelOf(SPEC);
  for (const from of [-1, 3, 0.5])
    await refused(pretrain(model, DATA, { from }), `from: ${from}, must be an integer from 0 to 2`);
  const { decoder, ...rest } = ae({ hidden: [12], latent: 4 });
  const lopsided = await modelOf({ ...rest, decoder: [{ units: 11, activation: 'relu' }, ...decoder.slice(1)] });
  await refused(pretrain(lopsided, DATA), 'decoder[0]');
});

async function refused(reports: AsyncGenerator<unknown>, message: string): Promise<void> {
  const error = await reports.next().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ArgumentError && error.message.includes(message), String(error));
}

usesDevice(test);
test.run();
