// A model's tensors by name on the host, and flat as they lie on the GPU.
import type { HostTensor } from '../formats/safetensors.js';
import { F32_BYTES } from '../kernels/kernel.js';
import type { Layout } from '../plan/layout.js';

/** One parameter's values, or its gradient's, under PyTorch's name. */
export type ParameterTensor = HostTensor<Float32Array<ArrayBuffer>>;

export type NamedTensors = Map<string, ParameterTensor>;

/** The named tensors of a flat buffer's bytes. */
export const unflatten = ({ ranges }: Layout, bytes: ArrayBuffer): NamedTensors =>
  new Map(
    ranges.map(({ name, shape, offset, bytes: size }) => [
      name,
      { shape, values: new Float32Array(bytes.slice(offset, offset + size)) },
    ]),
  );

/** The reverse; tensors that are not there are zero. */
export function flatten({ ranges, bytes }: Layout, tensors: NamedTensors | undefined): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(bytes / F32_BYTES);
  for (const { name, offset } of ranges) flat.set(tensors?.get(name)?.values ?? [], offset / F32_BYTES);
  return flat;
}
