// The 30 steps of a small VAE that PyTorch did (test/train/reference.py), for every engine that can do them: their losses must
// be PyTorch's, and Node's.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Device } from '../../../src/gpu/device.js';
import type * as latentgpu from '../../../src/index.js';
import { decodeSafetensors } from '../../../src/index.js';

export const root = path.dirname(createRequire(import.meta.url).resolve('latentgpu/package.json'));
export const reference = fs.readFileSync(path.join(root, 'test/train/reference.safetensors'));

const STEPS = 30;
/**
 * Relative, a loss. Sums are in the same order everywhere; a compiler may contract a multiply-add, which leaves out one
 * rounding of 2^-24. On the way to a loss lie sums over 100, 48, 24, 6, 24 and 48 numbers (the layers), 100 pixels and 16
 * images: 366 multiply-adds one after the other, each of which two engines may round otherwise.
 */
const TOLERANCE = 2 * 366 * 2 ** -24;

/**
 * The 30 steps that PyTorch did (test/train/reference.py), one call a step so that each has its own losses. Runs here and,
 * as text, in the page: it may use nothing from outside.
 */
export async function trainReference(lib: typeof latentgpu, device: Device, file: Uint8Array): Promise<number[][]> {
  const tensors = lib.decodeSafetensors(file);
  const initial = new Map<string, latentgpu.HostTensor>();
  for (const [name, { shape, values }] of tensors)
    if (name.startsWith('initial/')) initial.set(name.slice('initial/'.length), { shape, values });
  const pixels = tensors.get('images')?.values;
  if (!(pixels instanceof Uint8Array)) throw new Error('the reference has no images');
  const images = { count: 56, height: 10, width: 10, pixels };
  const model = await lib.createModel(device, lib.vae({ pixels: 100, hidden: [48, 24], latent: 6 }));
  model.loadParameters(initial);
  const data = { name: 'reference', train: images, test: images };
  const trainer = await lib.createTrainer(model, data, { batch: 16, lr: 1e-3, seed: 1234, reduction: 'sum' });
  const losses: number[][] = [];
  const steps: latentgpu.Losses[] = [];
  for (let step = 0; step < 30; step++)
    for await (const { test } of trainer.train({ steps: 1, onStep: (_, told) => steps.push(told) })) {
      const train = steps.at(-1);
      losses.push([train?.loss ?? Number.NaN, train?.bce ?? Number.NaN, train?.kl ?? Number.NaN, test.loss]);
    }
  trainer.dispose();
  model.dispose();
  return losses;
}

export function assertSameLosses(got: number[][], want: ArrayLike<number>[], whose: string): void {
  assert.is(got.length, STEPS);
  let largest = 0;
  got.forEach((losses, step) => {
    const wanted = want[step] ?? [];
    for (let term = 0; term < wanted.length; term++) {
      const error = Math.abs((losses[term] ?? Number.NaN) / (wanted[term] ?? Number.NaN) - 1);
      assert.ok(
        error <= TOLERANCE,
        `step ${step + 1}, term ${term}: ${losses[term]}, ${whose} ${wanted[term]}, off by ${error}`,
      );
      largest = Math.max(largest, error);
    }
  });
  console.log(`losses differ from ${whose} by at most ${largest.toExponential(1)} (relative, ${STEPS} steps)`);
}

export function assertTorchLosses(got: number[][]): void {
  const torch = decodeSafetensors(reference).get('losses')?.values;
  assert.ok(torch instanceof Float64Array);
  const steps = Array.from({ length: STEPS }, (_, step) => torch.subarray(3 * step, 3 * step + 3));
  assertSameLosses(got, steps, "PyTorch's");
}
