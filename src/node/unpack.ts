// Files out of npm packages into a cache folder, once: where the package is, where the cache is, and an atomic unpack
// that any number of processes may run at the same time. It knows nothing of GPUs. Used by swiftshader.ts and by the
// tests' browser.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { DeviceError, FormatError } from '../errors.js';

export interface InstalledPackage {
  dir: string;
  version: string;
}

/** This file's address; a bundle in CommonJS has none. */
const HERE: string | undefined = import.meta.url;

/**
 * @returns where an npm package is installed, as seen from this package or else from the current folder. Its "exports"
 *   do not matter, so that files which it does not export can be read.
 */
export function findPackage(name: string): InstalledPackage | undefined {
  const from = [...(HERE ? [HERE] : []), path.join(process.cwd(), 'index.js')];
  const folders = from.flatMap((file) => createRequire(file).resolve.paths(name) ?? []);
  for (const folder of folders) {
    const dir = path.join(folder, name);
    try {
      const { version } = JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8')) as { version: string };
      return { dir, version };
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** @returns folders to cache in, best first: beside the installed packages, the user's cache, the temp folder. */
export function cacheFolders(): string[] {
  const modules = HERE && nodeModules(path.dirname(fileURLToPath(HERE)));
  const home = process.env.XDG_CACHE_HOME || (os.homedir() && path.join(os.homedir(), '.cache'));
  return [
    modules && path.join(modules, '.cache', 'latentgpu'),
    home && path.join(home, 'latentgpu'),
    tempCache(),
  ].filter((folder): folder is string => Boolean(folder));
}

function nodeModules(from: string): string {
  for (let dir = from; ; dir = path.dirname(dir)) {
    if (path.basename(dir) === 'node_modules') return dir;
    const inside = path.join(dir, 'node_modules');
    if (fs.existsSync(inside)) return inside;
    if (dir === path.dirname(dir)) return '';
  }
}

// The temp folder is everybody's: programs are only run out of a folder there that nobody else can have filled.
function tempCache(): string {
  const user = process.getuid?.();
  const folder = path.join(os.tmpdir(), `latentgpu-${user ?? os.userInfo().username}`);
  const found = fs.lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined || user === undefined) return folder;
  return found.isDirectory() && found.uid === user && (found.mode & 0o022) === 0 ? folder : '';
}

/**
 * A cached folder, filled on first use. `fill` works under another name which is then renamed, so that a folder that
 * exists is complete, whoever was interrupted and however many processes start at once.
 * @param name folder name; must change whenever what `fill` writes changes
 * @param folders where to look and then to write, best first
 * @returns its absolute path; it may be read-only
 * @throws DeviceError when no folder can be written, with each one's reason; what `fill` throws otherwise
 */
export async function cached(
  name: string,
  fill: (dir: string) => Promise<void>,
  folders: readonly string[] = cacheFolders(),
): Promise<string> {
  for (const folder of folders) {
    const dir = path.join(folder, name);
    if (fs.existsSync(dir)) return dir;
  }
  const reasons: string[] = [];
  for (const folder of folders) {
    try {
      return await fillFolder(path.join(folder, name), fill);
    } catch (error) {
      if (!isFileSystemError(error)) throw error;
      reasons.push(`${folder}: ${error.message}`);
    }
  }
  throw new DeviceError(
    `cannot unpack ${name}: none of the cache folders can be written (${reasons.join('; ')}). ` +
      'Make one writable or set XDG_CACHE_HOME.',
  );
}

async function fillFolder(dir: string, fill: (dir: string) => Promise<void>): Promise<string> {
  fs.mkdirSync(path.dirname(dir), { recursive: true });
  removeAbandoned(dir);
  const temporary = fs.mkdtempSync(`${dir}.part-`);
  try {
    fs.chmodSync(temporary, 0o755); // another user may run from it later
    await fill(temporary);
    fs.renameSync(temporary, dir);
  } catch (error) {
    if (!fs.existsSync(dir)) throw error; // otherwise another process was first
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  return dir;
}

const ABANDONED_MS = 3600_000;

// Half-filled folders that a killed process left; one that is being filled now is younger than that.
function removeAbandoned(dir: string): void {
  const parent = path.dirname(dir);
  for (const entry of fs.readdirSync(parent)) {
    if (!entry.startsWith(`${path.basename(dir)}.part-`)) continue;
    const stale = path.join(parent, entry);
    const made = fs.statSync(stale, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > ABANDONED_MS) fs.rmSync(stale, { recursive: true, force: true });
  }
}

function isFileSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

const TAR_BLOCK = 512;

/**
 * Writes the regular files of a .tar.br into one folder, without their own folders.
 * @param only names to write; default all
 * @throws FormatError when the archive is cut off or lacks one of `only`
 */
export async function unpackTarBrotli(archive: string, dir: string, only?: readonly string[]): Promise<void> {
  const tar = await promisify(brotliDecompress)(fs.readFileSync(archive));
  const written = new Set<string>();
  // A header block each file: name at 0, size in octal at 124, type at 156 ('0' or NUL: a file). NULs end the archive.
  for (let at = 0; at + TAR_BLOCK <= tar.length && tar[at] !== 0; ) {
    const text = (from: number, to: number) => tar.toString('latin1', at + from, at + to).split('\0')[0] ?? '';
    const name = path.basename(text(0, 100));
    const size = Number.parseInt(text(124, 136), 8) || 0;
    const isFile = text(156, 157) === '0' || text(156, 157) === '';
    const start = at + TAR_BLOCK;
    if (start + size > tar.length) throw new FormatError(`${archive} is cut off in ${name}: reinstall its package`);
    if (isFile && (only === undefined || only.includes(name))) {
      fs.writeFileSync(path.join(dir, name), tar.subarray(start, start + size), { mode: 0o755 });
      written.add(name);
    }
    at = start + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
  }
  const missing = only?.filter((name) => !written.has(name)) ?? [];
  if (missing.length > 0)
    throw new FormatError(`${archive} lacks ${missing.join(', ')}: another version of its package?`);
}
