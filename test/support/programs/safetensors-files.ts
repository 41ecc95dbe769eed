// Test support: safetensors files written by hand.
import type { HostTensor, TensorValues } from '../../../src/formats/safetensors.js';

/** Its bytes. */
export const utf8 = (text: string) => new TextEncoder().encode(text);
/** What a file is written of. */
export const tensor = (shape: number[], values: TensorValues): HostTensor => ({ shape, values });

/** A file with this header, whatever it is, and this many bytes of data, 0, 1, 2... */
export function file(header: unknown, dataBytes: number, headerLength?: bigint): Uint8Array {
  const json =
    header instanceof Uint8Array ? header : utf8(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + json.length + i] = i;
  return bytes;
}

/** What a header says of a tensor. */
export const u8 = (shape: unknown, data_offsets: unknown, dtype: unknown = 'U8') => ({ dtype, shape, data_offsets });
