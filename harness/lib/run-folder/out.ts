// Where a program's results go: the default folder, and whether the one that was asked for can take them. Makes nothing.
import fs from 'node:fs';
import path from 'node:path';
import { ArgumentError } from 'latentgpu/node';

/** runs/2025-11-22_14-16-05, local time; with -2, -3... where that is taken. */
export function defaultOut(date = new Date(), exists: (folder: string) => boolean = fs.existsSync): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  const folder = path.join('runs', local.slice(0, 19).replace('T', '_').replaceAll(':', '-'));
  let free = folder;
  for (let copy = 2; exists(free); copy++) free = `${folder}-${copy}`;
  return free;
}

/**
 * Checks, without making anything, that results can go to `folder`: nothing that is there may be lost.
 * @throws ArgumentError
 */
export function checkOut(folder: string): void {
  let holds: string[] = [];
  try {
    let parent = path.resolve(folder);
    while (!fs.existsSync(parent)) parent = path.dirname(parent);
    if (!fs.statSync(parent).isDirectory()) throw new Error(`${path.relative('.', parent)} is a file`);
    fs.accessSync(parent, fs.constants.W_OK | fs.constants.X_OK);
    if (fs.existsSync(folder)) holds = fs.readdirSync(folder);
  } catch (error) {
    throw outError(folder, error);
  }
  if (holds.length > 0)
    throw new ArgumentError(
      `--out ${folder} ${holds.includes('run.json') ? 'holds a run already' : `is not empty (${holds.length} entries)`}, must be a new or empty folder; name another`,
    );
}

function outError(folder: string, cause: unknown): ArgumentError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ArgumentError(`--out ${folder} cannot be used (${why}), must be a folder you may write; name another`, {
    cause,
  });
}
