// Examples as they lie on the GPU: the bytes of their numbers, in as many buffers as the device makes necessary.
import { type CheckedExamples, countOf, numbersOf, sizeOf } from '../../data/examples.js';
import { halfBits } from '../../data/files/half.js';
import { ArgumentError } from '../../errors.js';
import { EXAMPLE_BYTES, type ExampleType } from '../../kernels/gather.js';
import { type ScalingSpec, scaled } from '../../model/scaling.js';
import type { ImagePart } from '../../plan/tensors.js';

/** What examples that are no bytes are stored as; bytes stay bytes. */
export type StoreType = 'f32' | 'f16';

export interface Resident {
  type: ExampleType;
  count: number;
  /** Bytes of one example. */
  stride: number;
  /** [count, stride] */
  bytes: Uint8Array;
  labels?: Uint8Array;
}

/**
 * @param scaling of the model that will see them
 * @throws ArgumentError if a number is too large for f16
 */
export function residentOf(examples: CheckedExamples, store: StoreType, scaling?: ScalingSpec): Resident {
  const { labels } = examples;
  const values = scaling ? scaled(numbersOf(examples), scaling) : examples.values;
  const type = values instanceof Float32Array ? store : 'u8';
  const numbers = type === 'f16' ? halves(values) : values;
  const bytes = new Uint8Array(numbers.buffer as ArrayBuffer, numbers.byteOffset, numbers.byteLength);
  const stride = sizeOf(examples) * EXAMPLE_BYTES[type];
  return { type, count: countOf(examples), stride, bytes, ...(labels && { labels }) };
}

function halves(values: Uint8Array | Float32Array): Uint16Array {
  const bits = Uint16Array.from(values, halfBits);
  const infinite = bits.findIndex((half) => (half & 0x7fff) === 0x7c00);
  if (infinite >= 0)
    throw new ArgumentError(
      `store: "f16" holds numbers up to 65504, but the data have ${values[infinite]}; use "f32", or scale the data`,
    );
  return bits;
}

type BindingLimits = Pick<GPUSupportedLimits, 'maxBufferSize' | 'maxStorageBufferBindingSize'>;

/**
 * What a plan must know of resident examples: their bytes, whole words, and those of their labels (where they have any); and
 * the examples in parts of which the device binds each.
 */
export const residentSizes = ({ type, bytes, ...rest }: Resident, limits: BindingLimits) => ({
  exampleType: type,
  imageBytes: wholeWords(bytes.length),
  imageParts: partsOf(rest, limits),
  labelBytes: wholeWords(rest.labels?.length ?? 0),
});

function partsOf(
  { count, stride }: Pick<Resident, 'count' | 'stride'>,
  { maxBufferSize, maxStorageBufferBindingSize }: BindingLimits,
): ImagePart[] {
  const fitting = Math.floor(Math.min(maxBufferSize, maxStorageBufferBindingSize) / stride);
  // Of four examples each part has whole words, whatever their size.
  const most = Math.max(4, fitting - (fitting % 4));
  return Array.from({ length: Math.ceil(count / most) }, (_, index) => {
    const first = index * most;
    const own = Math.min(most, count - first);
    return { first, count: own, offset: first * stride, bytes: wholeWords(own * stride) };
  });
}

const wholeWords = (bytes: number) => Math.ceil(bytes / 4) * 4;
