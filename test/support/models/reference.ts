// The run that test/train/reference.py made with PyTorch; its head defines every tensor. Also the dataset and the model
// that other training tests use.
import fs from 'node:fs';
import type { Dataset, Images } from '../../../src/data/dataset.js';
import { decodeSafetensors, type HostTensor, type TensorValues } from '../../../src/formats/safetensors.js';
import { vae } from '../../../src/model/presets.js';
import type { Losses } from '../../../src/train/step/metrics.js';

/** The files hold no 64-bit integers. */
type Tensor = HostTensor<Exclude<TensorValues, BigInt64Array | BigUint64Array>>;
type Folder = ReadonlyMap<string, Tensor>;

/** Tensors of a file by their names: one of them, or all below a folder by what follows it. */
export function readReference(file: string): {
  tensor: (name: string) => Tensor;
  folder: (name: string) => Folder;
} {
  const tensors = decodeSafetensors(fs.readFileSync(file)) as Map<string, Tensor>;
  return {
    tensor: (name) => {
      const found = tensors.get(name);
      if (!found) throw new Error(`${file} has no tensor "${name}"`);
      return found;
    },
    folder: (name) =>
      new Map(
        [...tensors].flatMap(([key, each]) => (key.startsWith(`${name}/`) ? [[key.slice(name.length + 1), each]] : [])),
      ),
  };
}

/** Bytes of a tensor that must hold bytes. */
export function bytesOf({ values }: HostTensor): Uint8Array {
  if (!(values instanceof Uint8Array)) throw new Error('images and labels must be bytes');
  return values;
}

const { tensor, folder } = readReference('test/train/reference.safetensors');

/** 56 images of 10x10. */
export const IMAGES: Images = { count: 56, height: 10, width: 10, pixels: bytesOf(tensor('images')) };
export const DATASET: Dataset = { name: 'reference', train: IMAGES, test: IMAGES };

/** What was trained, and how. */
export const SPEC = vae({ pixels: 100, hidden: [48, 24], latent: 6 });
export const OPTIONS = { batch: 16, lr: 1e-3, seed: 1234, reduction: 'sum' as const };
export const STEPS = 30;

/** By parameter name: before step 0; of step 0; after all steps. */
export const INITIAL = folder('initial');
export const GRADIENTS = folder('gradient');
export const FINAL = folder('final');

/** Of each step before its update, nats an image. */
export const LOSSES: Losses[] = Array.from({ length: STEPS }, (_, step) => {
  const [loss = Number.NaN, bce = Number.NaN, kl = Number.NaN] = tensor('losses').values.slice(3 * step);
  return { loss, bce, kl };
});
