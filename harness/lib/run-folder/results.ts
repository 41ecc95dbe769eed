// The folder that generate.js or export.js leaves its results in, file by file, each with a line that says what it shows. It is one
// program's alone, and made only when all that was asked for was accepted.
import path from 'node:path';
import { type Claim, claimDefault, claimNew } from './claim.js';
import { attempt, writeWhole } from './files.js';

export class Results {
  private readonly claim: Claim;

  /**
   * @param out a new or empty folder; `name` in the run's folder if absent, with -2, -3... where that is taken
   * @throws ArgumentError if it is another program's, or cannot be made
   */
  constructor(
    { out, run }: { out?: string | undefined; run: string },
    private readonly say: (line: string) => void,
    name = 'generated',
  ) {
    this.claim = out === undefined ? claimDefault(path.join(run, name)) : claimNew(out);
  }

  get folder(): string {
    return this.claim.path;
  }

  /**
   * @param shows what a person finds in the file
   * @throws ArgumentError with the file's path, the system's reason and a remedy
   */
  write(name: string, contents: string | Uint8Array, shows: string): void {
    attempt(path.join(this.folder, name), 'cannot be written', () =>
      writeWhole(path.join(this.claim.root, name), contents),
    );
    this.say(`${name.padEnd(20)} ${shows}`);
  }

  /** Another program may have the folder then. */
  release(): void {
    this.claim.release();
  }
}
