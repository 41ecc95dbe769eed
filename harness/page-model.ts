// Trains the small model that the page of harness/web opens with, and writes it with its curves as one safetensors file. The
// build runs this in a process of its own (build.mjs); it ends without a file where there is no adapter.
//   node dist/page-model.js FILE
import fs from 'node:fs';
import { createModel, createTrainer, digits, encodeSafetensors, halfBits, openDevice } from 'latentgpu/node';
import type { Measured } from './web/measured.js';
import { recordOf, SHOWN } from './web/pretrained.js';
import { DEFAULTS, modelOf } from './web/setup.js';

/** Two dimensions are enough for a map after so many, and a software adapter takes 15 s for them. */
const EPOCHS = 40;
/** A point of the curves is the mean of so many steps. */
const STEPS_A_POINT = 10;

const [, , out] = process.argv;
if (out === undefined) throw new Error('usage: page-model FILE');

const { images, batch, lr, seed } = DEFAULTS;
const data = digits({ train: images, test: SHOWN });
const device = await openDevice();
const model = await createModel(device, modelOf(DEFAULTS, { shape: [28, 28], pixels: true }), { seed });
const trainer = await createTrainer(model, data, { batch, lr, seed });

const trained: Measured[] = [];
const tested: Measured[] = [];
let sums: Record<string, number> = {};
const onStep = (step: number, losses: object) => {
  for (const [term, value] of Object.entries(losses)) sums[term] = (sums[term] ?? 0) + value / STEPS_A_POINT;
  if (step % STEPS_A_POINT > 0) return;
  trained.push({ step, losses: rounded(sums) });
  sums = {};
};
let [step, epoch] = [0, 0];
for await (const report of trainer.train({ epochs: EPOCHS, onStep })) {
  ({ step, epoch } = report);
  tested.push({ step, losses: rounded(report.test) });
}

// In f16: half as much to load, and nobody sees the difference.
const tensors = [...(await model.parameters())].map(
  ([name, { shape, values }]) => [name, { shape, values: Uint16Array.from(values, halfBits) }] as const,
);
fs.writeFileSync(out, asHalves(encodeSafetensors(new Map(tensors), recordOf({ step, epoch, trained, tested }))));
trainer.dispose();
model.dispose();
device.dispose();

/** Four significant figures: more than the page shows. */
function rounded(losses: object): Measured['losses'] {
  return Object.fromEntries(
    Object.entries(losses).map(([term, value]) => [term, Number(Number(value).toPrecision(4))]),
  ) as Measured['losses'];
}

/** A file of bits that were written as U16, which says that they are F16: the head stays as long as it was. */
function asHalves(file: Uint8Array): Uint8Array {
  const end = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  const head = new TextDecoder().decode(file.subarray(8, end)).replaceAll('"dtype":"U16"', '"dtype":"F16"');
  file.set(new TextEncoder().encode(head), 8);
  return file;
}
