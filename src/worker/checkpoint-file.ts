// A checkpoint in the origin private file system (MDN, "Origin private file system"): a file that this site alone sees, and
// that stays when the page is closed. It is replaced as a whole or not at all: what is written goes to a copy, which takes
// the file's place when it is closed.
import { ArgumentError } from '../index.js';

const FOLDER = 'latentgpu';

export class CheckpointFile {
  private constructor(
    private readonly folder: FileSystemDirectoryHandle,
    private readonly name: string,
  ) {}

  /** @throws ArgumentError for a name that is none, or where there is no such file system */
  static async open(name: unknown): Promise<CheckpointFile> {
    if (typeof name !== 'string' || !/^[^/\\]+$/.test(name) || name === '.' || name === '..')
      throw new ArgumentError(`checkpoint.name: ${JSON.stringify(name)}, must be a file's name without a slash`);
    try {
      const root = await navigator.storage.getDirectory();
      return new CheckpointFile(await root.getDirectoryHandle(FOLDER, { create: true }), `${name}.safetensors`);
    } catch (cause) {
      throw new ArgumentError(
        `checkpoint "${name}" cannot be kept: this page has no private file system (${messageOf(cause)}). ` +
          'Private windows and sandboxed frames may have none; leave `checkpoint` out there.',
        { cause },
      );
    }
  }

  /** @returns undefined if there is none */
  async read(): Promise<Uint8Array | undefined> {
    try {
      const file = await (await this.folder.getFileHandle(this.name)).getFile();
      return file.size === 0 ? undefined : new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
      throw error;
    }
  }

  /** @throws DOMException, for example where the disk or the origin's share of it is full; the last one stays then */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const handle = await this.folder.getFileHandle(this.name, { create: true });
    const stream = await handle.createWritable();
    try {
      await stream.write(bytes);
      await stream.close();
    } catch (error) {
      await stream.abort().catch(() => undefined);
      throw error;
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
