// Files that a visitor chose or dropped, those of folders too, each with its path, and what they are by name.

export interface Chosen {
  file: File;
  /** Its name, or where it lies in a folder that was chosen: "flowers/rose/1.png". */
  path: string;
}

/** More files of a folder than that are not looked for. */
const MOST = 100_000;

const isHidden = (path: string): boolean => /(?:^|\/)(?:\.|__MACOSX|Thumbs\.db)/.test(path);

/** Those of an input; of a folder, without hidden ones. */
export const chosenFiles = (files: Iterable<File>): Chosen[] =>
  [...files]
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
    .filter(({ file, path }) => path === file.name || !isHidden(path));

/** Those of a drop. To be called in the event's own task: after it, nothing is in it any more. */
export async function droppedFiles({ items, files }: DataTransfer): Promise<Chosen[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.() ?? undefined);
  if (!entries.some((entry) => entry?.isDirectory)) return chosenFiles(files);
  const found: Chosen[] = [];
  for (const entry of entries) if (entry) await collect(entry, found);
  return found.filter(({ path }) => !isHidden(path));
}

async function collect(entry: FileSystemEntry, found: Chosen[]): Promise<void> {
  if (found.length >= MOST) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//, '') });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // Some of them at a time, until there are none.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const inner of some) await collect(inner, found);
  }
}

export const isPicture = ({ file }: Chosen): boolean => file.type.startsWith('image/');

export const isTable = ({ file }: Chosen): boolean => /\.(?:csv|tsv)$/i.test(file.name);
