// A folder that belongs to one program at a time. Whoever writes results there first makes a lock file, which the system
// gives to one process only; it says which, so that what a killed one left can be told from one at work.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ArgumentError } from 'latentgpu/node';
import { attempt } from './files.js';

const LOCK = '.lock';

/** A folder that is this process's alone until `release`. */
export interface Claim {
  /** As it was given. */
  path: string;
  /** The same whatever the working folder becomes. */
  root: string;
  /** Idempotent. */
  release(): void;
}

interface Owner {
  pid: number;
  host: string;
  /** Of this claim: a process may make several. */
  claim: string;
  /** When the process began, where the system says so: numbers of processes are used again. */
  began?: string;
}

/**
 * Makes a new folder with the parents it lacks, or takes an empty one.
 * @throws ArgumentError if it holds something, is another program's, or cannot be made or written to
 */
export function claimNew(folder: string): Claim {
  const root = path.resolve(folder);
  const made = attempt(folder, 'cannot be used', () => makeFolders(root));
  try {
    return attempt(folder, 'cannot be used', () => {
      const holds = fs.readdirSync(root).filter((name) => name !== LOCK);
      if (holds.length > 0)
        throw new ArgumentError(
          `${folder} is not empty (${holds.length} entries), must be a new or empty folder; name another`,
        );
      return lock(folder, root);
    });
  } catch (error) {
    removeFolders(made);
    throw error;
  }
}

/** Makes `folder`, or with -2, -3... the first that is not there; two programs at the same moment get one each. */
export function claimDefault(folder: string): Claim {
  attempt(folder, 'cannot be used', () => makeFolders(path.dirname(path.resolve(folder))));
  for (let copy = 1; ; copy++) {
    const free = copy === 1 ? folder : `${folder}-${copy}`;
    const made = attempt(free, 'cannot be made', () => makeFolder(path.resolve(free)));
    if (made) return lock(free, path.resolve(free));
  }
}

/**
 * Takes a folder with results in it, to go on there.
 * @throws ArgumentError if a program is at work in it
 */
export function claimExisting(folder: string): Claim {
  const root = path.resolve(folder);
  return attempt(folder, 'cannot be used', () => lock(folder, root));
}

function lock(folder: string, root: string): Claim {
  const file = path.join(root, LOCK);
  const own = JSON.stringify(owner(process.pid));
  for (let tries = 0; ; tries++)
    try {
      fs.writeFileSync(file, own, { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const other = readOwner(file);
      if (tries > 0 || (other ? isAtWork(other) : isFresh(file)))
        throw new ArgumentError(
          `${folder} is in use by another program (process ${other?.pid ?? 'unknown'} on ${other?.host ?? 'unknown'}); ` +
            `name another folder, or wait for it. If it is gone for certain, remove ${path.join(folder, LOCK)}`,
        );
      fs.rmSync(file, { force: true }); // of one that was killed
    }
  const release = () => {
    if (readText(file) === own) fs.rmSync(file, { force: true });
  };
  return { path: folder, root, release };
}

function owner(pid: number): Owner {
  const began = beginning(pid);
  return { pid, host: os.hostname(), claim: randomUUID(), ...(began !== undefined && { began }) };
}

/** Linux's word for when a process began: field 22 of its stat, after the name, which may hold anything. */
function beginning(pid: number): string | undefined {
  return readText(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ')[19];
}

function isAtWork(other: Owner): boolean {
  if (other.host !== os.hostname()) return true; // nobody here can tell
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return other.began === undefined || other.began === beginning(other.pid);
}

function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readText(file) ?? '') as Owner;
  } catch {
    return undefined; // it is being written, or its writer was killed
  }
}

/** Long enough to write a line. */
const WRITING_MS = 10_000;

function isFresh(file: string): boolean {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs < WRITING_MS;
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** @returns those that were made, the deepest first */
function makeFolders(root: string): string[] {
  const missing: string[] = [];
  for (let at = root; !fs.existsSync(at) && at !== path.dirname(at); at = path.dirname(at)) missing.unshift(at);
  const made: string[] = [];
  try {
    // One by one: with `recursive`, Node 20 never comes back from a file system like /proc.
    for (const at of missing) if (makeFolder(at)) made.unshift(at);
    fs.readdirSync(root);
    fs.accessSync(root, fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    removeFolders(made);
    throw error;
  }
  return made;
}

/** @returns false if it is there already */
function makeFolder(folder: string): boolean {
  try {
    fs.mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function removeFolders(made: readonly string[]): void {
  for (const folder of made)
    try {
      fs.rmdirSync(folder);
    } catch {
      return; // somebody else uses it by now
    }
}
