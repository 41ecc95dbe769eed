// Bytes in whatever form JavaScript has them: `await response.arrayBuffer()`, a typed array, Node's Buffer. Each reader of a
// format takes any of them.
import { ArgumentError } from '../../errors.js';

/** What may hold the bytes of a file. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/** 'Float32Array', 'Array', 'Promise': the same for what comes from another frame of the page, unlike instanceof. */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** What a caller handed over, in words: "a Float32Array", "an Array", "undefined". */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  const tag = tagOf(value);
  return `${/^[AEIO]/.test(tag) ? 'an' : 'a'} ${tag}`;
}

/**
 * The bytes behind `value`, sharing its memory.
 * @param what what they must be, for an error
 * @throws ArgumentError for anything else, for example a Response or a promise that was not awaited
 */
export function asBytes(value: Bytes, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (['ArrayBuffer', 'SharedArrayBuffer'].includes(tagOf(value))) return new Uint8Array(value);
  throw new ArgumentError(
    `${what}: ${kindOf(value)}, must be an ArrayBuffer or a typed array of bytes; for example await response.arrayBuffer()`,
  );
}
