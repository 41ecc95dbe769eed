// What a learned variance has come to, in a line.
import type { ModelSpec } from 'latentgpu/node';

/** Below this share of sigma, errors are so much smaller that sigma cannot have settled. */
const SETTLED = 0.8;

/**
 * "sigma     0.0712 of pixels of 0..1: the learned standard deviation of a number; those of the test set are off by 1.02 times that"
 * @param sigma in the numbers that the model sees
 * @param nll the mean over test examples of the term, nats
 */
export function sigmaText(spec: ModelSpec, sigma: number, nll: number): string {
  // Of each number nll is r^2 / 2 + log sigma + log(2 pi) / 2, where r is its error over sigma.
  const square = 2 * (nll / spec.inputs - Math.log(sigma)) - Math.log(2 * Math.PI);
  const share = Math.sqrt(Math.max(0, square));
  const { value, unit } = inUnits(spec, sigma);
  const falling = share < SETTLED ? '; it is still falling: train longer, or with a larger --lr' : '';
  return (
    `sigma     ${value.toPrecision(3)} ${unit}: the learned standard deviation of a number; ` +
    `those of the test set are off by ${share.toFixed(2)} times that${falling}`
  );
}

/** One number undoes the scaling only where all columns have the same. */
function inUnits({ scaling, range }: ModelSpec, sigma: number): { value: number; unit: string } {
  if (!scaling)
    return range === '-1..1'
      ? { value: sigma / 2, unit: 'of pixels of 0..1' }
      : { value: sigma, unit: "in the data's units (pixels: 0..1)" };
  const [scale = 1, ...others] = new Set(scaling.scale);
  if (others.length === 0) return { value: sigma * scale, unit: "in the data's units" };
  return { value: sigma, unit: `of scaled numbers (${scaling.kind}), times each column's scale in the data's units` };
}
