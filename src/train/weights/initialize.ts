// First values of the parameters, on the host: counter-based, so that one seed gives one model on every machine.
import type { ParameterSpec } from '../../graph/layers.js';
import { numel } from '../../graph/operations/ops.js';
import type { Layout } from '../../plan/layout.js';
import { philox, STREAM, seedKey, unit } from '../../random.js';

/** The flat buffer that `layout` describes, filled; gaps are zero. */
export function initialParameters(layout: Layout, seed: number): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(layout.bytes / Float32Array.BYTES_PER_ELEMENT);
  layout.entries.forEach(({ parameter, offset }, ordinal) => {
    const at = offset / Float32Array.BYTES_PER_ELEMENT;
    const values = flat.subarray(at, at + numel(parameter.shape));
    if (parameter.init.kind === 'constant') fillParts(values, parameter, parameter.init.values);
    else fillUniform(values, parameter.init.bound, ordinal, seed);
  });
  return flat;
}

/** Element i of parameter number `ordinal` is word i % 4 of counter [i / 4, ordinal, 0, STREAM.init]. */
function fillUniform(values: Float32Array, bound: number, ordinal: number, seed: number): void {
  if (bound === 0) return; // and no -0 among them
  const key = seedKey(seed);
  for (let block = 0; block * 4 < values.length; block++) {
    const words = philox([block, ordinal, 0, STREAM.init], key);
    words.forEach((word, lane) => {
      // Past the end of the array an assignment does nothing.
      values[block * 4 + lane] = (2 * unit(word) - 1) * bound;
    });
  }
}

/** One constant a part. */
function fillParts(values: Float32Array, { shape, parts }: ParameterSpec, constants: readonly number[]): void {
  const columns = values.length / (shape[0] ?? 1);
  let from = 0;
  parts.forEach(({ rows }, index) => {
    values.fill(constants[index] ?? 0, from, from + rows * columns);
    from += rows * columns;
  });
}
