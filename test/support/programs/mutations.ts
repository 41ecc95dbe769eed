// Files that are almost right, for fast-check: bytes and JSON of good ones, changed in a few places by what breaks readers.
import fc from 'fast-check';

/** A change of some bytes; positions are shares of the length, so that they fit whatever came before. */
type Edit = (bytes: Uint8Array) => Uint8Array;

/** Below 1. Not fc.double, of which most are next to nothing. */
const share = fc.nat({ max: 2 ** 16 - 1 }).map((n) => n / 2 ** 16);
const at = (bytes: Uint8Array, where: number) => Math.floor(where * (bytes.length + 1));
const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const overwritten = (bytes: Uint8Array, from: number, by: Uint8Array) => {
  const changed = bytes.slice();
  changed.set(by.subarray(0, Math.max(0, bytes.length - from)), from);
  return changed;
};

/** 16, 32 and 64 bits at the edges of their types, both ways round. */
const EXTREMES = [
  ...[0n, 1n, 0x7fffn, 0xffffn].map((value) => [value, 2] as const),
  ...[0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn].map((value) => [value, 4] as const),
  ...[0n, 2n, 100_000_000n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n].map((value) => [value, 8] as const),
].flatMap(([value, size]) => {
  const little = Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
  return [little, little.slice().reverse()];
});

const anyEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(share, fc.integer({ min: 0, max: 255 })).map(
    ([where, value]): Edit =>
      (bytes) =>
        overwritten(bytes, at(bytes, where), Uint8Array.of(value)),
  ),
  fc.tuple(fc.constantFrom(0, share), share, fc.constantFrom(...EXTREMES)).map(
    ([start, where, extreme]): Edit =>
      (bytes) =>
        overwritten(bytes, start === 0 && where < 0.5 ? 0 : at(bytes, where), extreme),
  ),
  fc.tuple(share, fc.uint8Array({ minLength: 1, maxLength: 9 })).map(
    ([where, more]): Edit =>
      (bytes) =>
        joined(bytes.subarray(0, at(bytes, where)), more, bytes.subarray(at(bytes, where))),
  ),
  fc.tuple(share, fc.nat({ max: 12 })).map(
    ([where, count]): Edit =>
      (bytes) =>
        joined(bytes.subarray(0, at(bytes, where)), bytes.subarray(at(bytes, where) + count)),
  ),
  share.map(
    (where): Edit =>
      (bytes) =>
        bytes.slice(0, at(bytes, where)),
  ),
  fc.tuple(share, share).map(
    ([a, b]): Edit =>
      (bytes) =>
        joined(bytes, bytes.subarray(Math.min(at(bytes, a), at(bytes, b)), Math.max(at(bytes, a), at(bytes, b)))),
  ),
);

/** One of these files after a few edits, some after none. */
export const anyMutant = (files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(fc.constantFrom(...files), fc.array(anyEdit, { maxLength: 4 }))
    .map(([file, edits]) => edits.reduce((bytes, edit) => edit(bytes), file));

/** JSON texts that stand where another value was. */
const STRANGE = [
  ...[
    'null',
    'true',
    '""',
    '"F16"',
    '"I64"',
    '"BOOL"',
    '"gaussian"',
    '"relu"',
    '"\\u0000"',
    '[]',
    '{}',
    '[[]]',
    '[1,1]',
  ],
  ...[
    '-1',
    '-0',
    '0',
    '0.5',
    '1',
    '3',
    '1e400',
    '-1e400',
    '1e-400',
    '20000000',
    '4294967296',
    '9007199254740993',
    '1e15',
    '1e40',
  ],
  ...[`[${'9007199254740991,'.repeat(40)}2]`, '{"__proto__":{"units":3}}', '{"toString":1}', `"${'x'.repeat(5000)}"`],
];
/** Deeper than a call stack, which JSON.stringify is not ready for. */
const DEEP = ['[]', '{"a":1}'].map((pair) => {
  const [open = '', close = ''] = pair === '[]' ? ['[', ']'] : ['{"a":', '}'];
  return `${open.repeat(8_000)}${pair}${close.repeat(8_000)}`;
});
const KEYS = ['__proto__', 'constructor', '__metadata__', 'units', 'shape', 'dtype', 'data_offsets', 'a', ''];
const MARK = '@strange@';

/** A place in JSON, its parent and the key of it there. */
function places(value: unknown): { parent: Record<string, unknown>; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const parent = value as Record<string, unknown>;
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...places(parent[key])]);
}

function changed(value: unknown, [where, strange, action]: readonly [number, string, number]): string {
  const root: Record<string, unknown> = { value: structuredClone(value) };
  const all = places(root);
  const { parent, key } = all[Math.floor(where * all.length)] ?? { parent: root, key: 'value' };
  if (action === 0) delete parent[key];
  else if (action === 1 && !Array.isArray(parent)) {
    const name = KEYS[Math.floor(where * 7919) % KEYS.length] ?? '';
    Object.defineProperty(parent, name, { value: parent[key], enumerable: true, configurable: true, writable: true });
  } else parent[key] = MARK;
  return (JSON.stringify(root.value) ?? '').replace(`"${MARK}"`, () => strange);
}

/** One of these values as JSON, one or two of its parts replaced, dropped or doubled; then and again a byte of its text. */
export function anyJsonMutant(values: readonly unknown[]): fc.Arbitrary<string> {
  const change = fc.tuple(
    share,
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...STRANGE) }, { weight: 1, arbitrary: fc.constantFrom(...DEEP) }),
    fc.nat({ max: 4 }),
  );
  return fc.tuple(fc.constantFrom(...values), fc.array(change, { maxLength: 2 })).map(([value, changes]) => {
    let text = JSON.stringify(value);
    for (const one of changes) {
      try {
        text = changed(JSON.parse(text), one);
      } catch {
        return text; // nested too deep to be changed once more
      }
    }
    return text;
  });
}

/** Text as JSON has it in a safetensors file: with its length before it, and so many bytes of data after it. */
export function safetensorsOf(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  for (let i = 0; i < dataBytes; i++) file[8 + json.length + i] = Math.imul(i + 1, 0x9e3779b1) >>> 24;
  return file;
}
