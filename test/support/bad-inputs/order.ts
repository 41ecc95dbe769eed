// Bad inputs: calls that come in the wrong order.
import { vae } from '../../../src/model/presets.js';
import { profileTrainer } from '../../../src/profile/profile.js';
import { createModel, type Model } from '../../../src/train/model.js';
import { restoreTrainer } from '../../../src/train/snapshot/restore.js';
import { createTrainer, type Trainer } from '../../../src/train/trainer.js';
import { device } from '../device.js';
import { DATA, SMALL, variational } from './made.js';
import { type BadInput, type Row, rowsOf } from './row.js';

const pixels = new Float32Array(784);

/** A trainer that has trained a step and waits in its first epoch, and what it is asked for then. */
async function meanwhile(ask: (trainer: Trainer) => unknown): Promise<void> {
  const own = await createTrainer(await variational(), DATA, { batch: 32 });
  const reports = own.train({ epochs: 2 });
  try {
    await reports.next();
    await ask(own);
  } finally {
    await reports.return();
    own.dispose();
  }
}

async function afterwards(ask: (trainer: Trainer) => unknown): Promise<void> {
  const own = await createTrainer(await variational(), DATA, { batch: 32 });
  own.dispose();
  await ask(own);
}

async function ofDisposedModel(ask: (model: Model) => unknown): Promise<void> {
  const own = await createModel(device, vae(SMALL));
  own.dispose();
  await ask(own);
}

const busy = 'this trainer is already training; await its reports before';
const NO_TRAINER = 'this trainer was disposed; make a new one with createTrainer';
const NO_MODEL = 'this model was disposed; make a new one with createModel';
const ORDER: Row[] = [
  ['train twice at once', () => meanwhile((it) => it.train().next()), `${busy} training again`],
  ['restore while training', () => meanwhile((it) => it.restore({} as never)), `${busy} it is restored`],
  ['profile while training', () => meanwhile((it) => profileTrainer(it)), `${busy} it is lent`],
  ['train after dispose', () => afterwards((it) => it.train().next()), NO_TRAINER],
  ['evaluate after dispose', () => afterwards((it) => it.evaluate()), NO_TRAINER],
  ['snapshot after dispose', () => afterwards((it) => it.snapshot()), NO_TRAINER],
  ['restore after dispose', () => afterwards((it) => it.restore({} as never)), NO_TRAINER],
  ['a learning rate after dispose', () => afterwards((it) => Object.assign(it, { learningRate: 1 })), NO_TRAINER],
  ['the state of the optimizer after dispose', () => afterwards((it) => it.optimizerState()), NO_TRAINER],
  ['encode after dispose', () => ofDisposedModel((it) => it.encode(pixels)), NO_MODEL],
  ['decode after dispose', () => ofDisposedModel((it) => it.decode([0, 0])), NO_MODEL],
  ['parameters after dispose', () => ofDisposedModel((it) => it.parameters()), NO_MODEL],
  ['a trainer of a disposed model', () => ofDisposedModel((it) => createTrainer(it, DATA)), NO_MODEL],
  [
    'a snapshot of nothing to go on from',
    () => restoreTrainer(device, {} as never, DATA),
    'model spec: undefined, must be an object (see ModelSpec)',
  ],
];

export const CALLS_IN_ORDER: BadInput[] = rowsOf(ORDER);
