// The folder that a program's results go to, file by file, each with a line that says what it shows. The folder is made
// when the first file is written, so that a program that fails before leaves nothing behind; no file is ever replaced.
import fs from 'node:fs';
import path from 'node:path';
import { ArgumentError } from 'latentgpu/node';

export class Results {
  /** @param folder must be new or empty, see checkOut of train.ts */
  constructor(
    readonly folder: string,
    private readonly say: (line: string) => void,
  ) {}

  /**
   * @param shows what a person finds in the file
   * @throws ArgumentError with the file's path and the system's reason
   */
  write(name: string, contents: string | Uint8Array, shows: string): void {
    const file = path.join(this.folder, name);
    try {
      fs.mkdirSync(this.folder, { recursive: true });
      fs.writeFileSync(file, contents, { flag: 'wx' });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ArgumentError(`${file} cannot be written (${why}), must be where you may write; name another folder`, {
        cause,
      });
    }
    this.say(`${name.padEnd(20)} ${shows}`);
  }
}

/** `generated` in a run's folder; with -2, -3... where that is taken. */
export function defaultResults(run: string, exists: (folder: string) => boolean = fs.existsSync): string {
  const folder = path.join(run, 'generated');
  let free = folder;
  for (let copy = 2; exists(free); copy++) free = `${folder}-${copy}`;
  return free;
}
