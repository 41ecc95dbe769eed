// What the tuner remembers, in Node: a JSON file for each adapter with its driver, in a cache folder (unpack.ts says which).
// Files are replaced whole, so any number of processes may read and write; of two that write at the same moment one's matmuls
// may be timed again. A file that cannot be used is ignored, with one line.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { isTunedMatmul, type TunedMatmuls, type TunedOn, type TuningCache } from '../profile/tuning-cache.js';
import { cacheFolders } from './unpack.js';

/** Where a file of tuned matmuls lies. */
export interface TuningFileOptions {
  /** Where to look and then to write, best first; by default beside the installed packages, the user's cache, the temp folder. */
  folders?: readonly string[];
  /** Told in one line of a file that is ignored or cannot be written. */
  onIgnored?: (line: string) => void;
}

const VERSION = 1;

interface Content extends TunedOn {
  tuning: number;
  matmuls: TunedMatmuls;
}

/**
 * A cache for tuneMatmuls.
 * @example
 * ```ts
 * const { variants } = await tuneMatmuls(device, spec, { cache: tuningFile() });
 * ```
 */
export function tuningFile({
  folders = cacheFolders(),
  onIgnored = () => undefined,
}: TuningFileOptions = {}): TuningCache {
  const find = (on: TunedOn): TunedMatmuls => {
    for (const file of folders.map((folder) => path.join(folder, nameOf(on)))) {
      const found = fs.existsSync(file) ? readFile(file, on) : undefined;
      if (typeof found === 'object') return found;
      if (found !== undefined) onIgnored(`${file} is ignored: ${found}; --retune replaces it`);
    }
    return {};
  };
  return {
    read: async (on) => find(on),
    write: async (on, matmuls) => {
      const content: Content = { tuning: VERSION, ...on, matmuls: { ...find(on), ...matmuls } };
      const reasons: string[] = [];
      for (const folder of folders)
        try {
          replaceFile(path.join(folder, nameOf(on)), `${JSON.stringify(content, null, 1)}\n`);
          return;
        } catch (error) {
          reasons.push((error as Error).message);
        }
      onIgnored(
        `what was tuned is not remembered (${reasons.join('; ')}); make a cache folder writable or set XDG_CACHE_HOME`,
      );
    },
  };
}

/** The driver's text is part of the name: another one begins anew, and the old one's is there when it comes back. */
function nameOf({ adapter, driver }: TunedOn): string {
  return `tuning-${createHash('sha256')
    .update(JSON.stringify([adapter, driver]))
    .digest('hex')
    .slice(0, 16)}.json`;
}

/** @returns what is wrong, if anything is */
function readFile(file: string, on: TunedOn): TunedMatmuls | string {
  let content: Partial<Content> | null;
  try {
    content = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    return (error as Error).message.slice(0, 100);
  }
  const { tuning, adapter, driver, matmuls } = content ?? {};
  if (tuning !== VERSION) return `"tuning" is ${JSON.stringify(tuning) ?? 'missing'}, must be ${VERSION}`;
  if (adapter !== on.adapter || driver !== on.driver) return 'it is of another adapter or driver';
  if (typeof matmuls !== 'object' || matmuls === null || !Object.values(matmuls).every(isTunedMatmul))
    return '"matmuls" is not what a tuner wrote';
  return matmuls;
}

function replaceFile(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const part = `${file}.part-${process.pid}`;
  try {
    fs.writeFileSync(part, text);
    fs.renameSync(part, file);
  } finally {
    fs.rmSync(part, { force: true });
  }
}
