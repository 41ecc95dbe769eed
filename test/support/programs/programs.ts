// Test support: starting the programs of harness/ as their users do, and tiny data for them to train on.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** What the programs run on in tests. */
export const ADAPTER = process.env.LATENTGPU_ADAPTER ?? 'swiftshader';

const PATIENCE_MS = 200_000;
const SIDE = 8;

/** What the program itself says on stderr: Dawn warns there, on its own, about some adapters it looks at. */
export const own = (err: string): string => err.replace(/^Warning: max\w+ artificially reduced .*\n/gm, '');

/**
 * Runs a program to its end.
 * @param program its file, from the project's folder
 * @param patience milliseconds until it is ended
 */
export function runProgram(
  program: string,
  args: string[],
  patience = PATIENCE_MS,
): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: patience,
    killSignal: 'SIGKILL',
  });
  return { status, out: stdout, err: own(stderr) };
}

/** An IDX file of bytes. @param sizes of each dimension */
export function idxFile(sizes: readonly number[], bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(4 + 4 * sizes.length);
  [0x800 + sizes.length, ...sizes].forEach((word, at) => {
    head.writeUInt32BE(word, 4 * at);
  });
  return Buffer.concat([head, bytes]);
}

/**
 * Makes a folder of IDX files: images of 8x8, each a bright bar in the row that its place tells, and labels, if there are
 * classes.
 */
export function writeBars(folder: string, { train = 36, test = 10, classes = 0 } = {}): void {
  fs.mkdirSync(folder);
  for (const [part, count] of [
    ['train', train],
    ['t10k', test],
  ] as const) {
    const pixels = new Uint8Array(count * SIDE * SIDE);
    for (let image = 0; image < count; image++) {
      const bar = image * SIDE * SIDE + (image % SIDE) * SIDE;
      pixels.fill(255, bar, bar + SIDE);
    }
    fs.writeFileSync(path.join(folder, `${part}-images-idx3-ubyte`), idxFile([count, SIDE, SIDE], pixels));
    if (classes === 0) continue;
    const labels = Uint8Array.from({ length: count }, (_, image) => image % classes);
    fs.writeFileSync(path.join(folder, `${part}-labels-idx1-ubyte`), idxFile([count], labels));
  }
}
