// A model's tensors by name on the host, and flat as they lie on the GPU.
import type { HostTensor } from '../../formats/safetensors.js';
import type { ParameterOrder } from '../../graph/operations/ops.js';
import { F32_BYTES } from '../../kernels/kernel.js';
import type { Layout } from '../../plan/layout.js';

/** One parameter's values, or its gradient's, under PyTorch's name. */
export type ParameterTensor = HostTensor<Float32Array<ArrayBuffer>>;

/** Tensors by PyTorch's names. */
export type NamedTensors = Map<string, ParameterTensor>;

/** The named tensors of a flat buffer's bytes. */
export const unflatten = ({ ranges }: Layout, bytes: ArrayBuffer): NamedTensors =>
  new Map(
    ranges.map(({ name, shape, offset, bytes: size, order, rows }) => [
      name,
      { shape, values: outsideOrder(new Float32Array(bytes.slice(offset, offset + size)), rows, order) },
    ]),
  );

/** The reverse; tensors that are not there are zero. */
export function flatten({ ranges, bytes }: Layout, tensors: NamedTensors | undefined): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(bytes / F32_BYTES);
  for (const { name, rows, offset, order } of ranges) {
    const { values } = tensors?.get(name) ?? {};
    if (values) flat.set(order ? insideOrder(Float32Array.from(values), rows, order) : values, offset / F32_BYTES);
  }
  return flat;
}

/** Element by element, row by row of the first axis: where the outside has it, and where it lies inside. */
function eachPlace(
  count: number,
  length: number,
  { rows, columns }: ParameterOrder,
  move: (outside: number, inside: number) => void,
): void {
  const width = length / count;
  for (let row = 0; row < count; row++)
    for (let column = 0; column < width; column++)
      move(row * width + column, (rows?.[row] ?? row) * width + (columns?.[column] ?? column));
}

type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** A parameter's values, of so many rows, as PyTorch has them. */
export function outsideOrder<Values extends Floats>(values: Values, rows: number, order?: ParameterOrder): Values {
  if (!order) return values;
  const ordered = values.slice() as Values;
  eachPlace(rows, values.length, order, (outside, inside) => {
    ordered[outside] = values[inside] ?? Number.NaN;
  });
  return ordered;
}

/** The reverse. */
export function insideOrder<Values extends Floats>(values: Values, rows: number, order?: ParameterOrder): Values {
  if (!order) return values;
  const ordered = values.slice() as Values;
  eachPlace(rows, values.length, order, (outside, inside) => {
    ordered[inside] = values[outside] ?? Number.NaN;
  });
  return ordered;
}
