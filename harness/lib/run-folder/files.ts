// Files that are whole or not there: written under another name in the same folder, flushed, and renamed; and what the
// system has against a file, said with the remedy that fits.
import fs from 'node:fs';
import path from 'node:path';
import { ArgumentError } from 'latentgpu/node';

/** The end of a name under which a file is written. What a killed program left of it is removed at the next start. */
const PART = '.part';

const REMEDIES: Record<string, string> = {
  ENOSPC: 'the disk is full: free some space, or name a folder on another disk',
  EDQUOT: 'your quota is used up: free some space, or name a folder on another disk',
  EROFS: 'the file system is read-only: name a folder on another',
  EACCES: 'you may not write there: name another folder, or change its permissions',
  EPERM: 'you may not write there: name another folder, or change its permissions',
  EIO: 'the disk fails: name a folder on another',
};

/** Runs `action`; what the file system refuses becomes an ArgumentError that names the path, the reason and a remedy. */
export function attempt<T>(shown: string, what: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw fileError(shown, what, cause);
  }
}

export function fileError(shown: string, what: string, cause: unknown): ArgumentError {
  if (cause instanceof ArgumentError) return cause;
  const { code = '', message = String(cause) } = cause as NodeJS.ErrnoException;
  const remedy = REMEDIES[code] ?? 'it must be where you may write: name another folder';
  return new ArgumentError(`${shown} ${what} (${message}); ${remedy}`, { cause });
}

/** Replaces the file as a whole; it is on the disk when this returns. */
export function writeWhole(file: string, contents: string | Uint8Array): void {
  const part = file + PART;
  try {
    const handle = fs.openSync(part, 'w');
    try {
      fs.writeFileSync(handle, contents);
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    fs.renameSync(part, file);
    flushFolder(path.dirname(file));
  } catch (error) {
    fs.rmSync(part, { force: true });
    throw error;
  }
}

/** The same while other work goes on. */
export async function writeWholeLater(file: string, contents: Uint8Array): Promise<void> {
  const part = file + PART;
  try {
    const handle = await fs.promises.open(part, 'w');
    try {
      await handle.writeFile(contents);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.promises.rename(part, file);
    flushFolder(path.dirname(file));
  } catch (error) {
    await fs.promises.rm(part, { force: true });
    throw error;
  }
}

/** A renamed file is found after a power cut once its folder is on the disk. Some systems have no such call. */
function flushFolder(folder: string): void {
  let handle: number | undefined;
  try {
    handle = fs.openSync(folder, 'r');
    fs.fsyncSync(handle);
  } catch {
    // The file itself is whole all the same.
  } finally {
    if (handle !== undefined) fs.closeSync(handle);
  }
}

/** Removes what a program that was killed had not finished writing. */
export function removeParts(folder: string): void {
  for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : [])
    if (name.endsWith(PART)) fs.rmSync(path.join(folder, name), { force: true });
}
