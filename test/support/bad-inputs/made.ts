// What the rows of options and of calls are tried on: refused before the GPU is asked for anything, they can share it.
import { digits } from '../../../src/data/digits.js';
import { ae, conditionalVae, vae } from '../../../src/model/presets.js';
import { createModel } from '../../../src/train/model.js';
import { createTrainer } from '../../../src/train/trainer.js';
import { device } from '../device.js';

export const DATA = digits({ train: 64, test: 32 });
export const SMALL = { hidden: [4], latent: 2 };
const one = <Made>(make: () => Promise<Made>) => {
  let made: Promise<Made> | undefined;
  return () => {
    made ??= make();
    return made;
  };
};
export const variational = one(() => createModel(device, vae(SMALL)));
export const conditional = one(() => createModel(device, conditionalVae(SMALL)));
export const sampled = one(() => createModel(device, vae({ ...SMALL, samples: 2000 })));
export const plain = one(() => createModel(device, ae(SMALL)));
export const trainer = one(async () => createTrainer(await variational(), DATA, { batch: 32 }));
