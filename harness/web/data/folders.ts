// What the folders of pictures say: train/, test/ and val/ are parts where there are these, and a folder for each class. By their
// paths alone, by the rules of the programs (harness/lib/data/picture-folder.ts).

type Part = 'train' | 'validation' | 'test';

/** Where a picture belongs. */
export interface Place {
  part: Part;
  /** The name of its class, if there are classes. */
  label?: string;
}

const PARTS: Readonly<Record<string, Part>> = {
  train: 'train',
  training: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  test: 'test',
  testing: 'test',
};

const partOf = (folder: string): Part | undefined => PARTS[folder.toLowerCase()];

/**
 * @param paths "flowers/train/rose/1.png"
 * @returns a place for each
 * @throws Error naming pictures beside folders of pictures, or beside parts
 */
export function placesOf(paths: readonly string[]): Place[] {
  const folders = withoutCommon(paths.map((path) => path.split('/').slice(0, -1)));
  const firsts = [...new Set(folders.map(([first]) => first))];
  const found = (part: Part) => firsts.filter((first) => first !== undefined && partOf(first) === part);
  if (found('train').length === 0) return classed(folders, paths, 'train');
  const beside = folders.findIndex(([first]) => first === undefined || !partOf(first));
  if (beside >= 0) {
    // One of the classes may be called train; but not where folders of classes within tell that it is a part.
    const within = folders.findIndex(([first, inner]) => first !== undefined && partOf(first) && inner !== undefined);
    if (within < 0) return classed(folders, paths, 'train');
    throw new Error(
      `pictures (${paths[beside]}) beside the folder ${folders[within]?.[0]}, which has folders of classes (${paths[within]}): must be parts (train, val, test) or classes alone; move the former away, or choose one folder`,
    );
  }
  for (const part of ['train', 'validation', 'test'] as const) {
    const [first, other] = found(part);
    if (other !== undefined)
      throw new Error(
        `the folders ${first} and ${other} are both the ${part} part, must be one of them: put them together, or leave one out`,
      );
  }
  const places: Place[] = [];
  for (const part of ['train', 'validation', 'test'] as const) {
    const own = folders.flatMap(([first = ''], index) => (partOf(first) === part ? [index] : []));
    const inner = classed(
      own.map((index) => (folders[index] ?? []).slice(1)),
      own.map((index) => paths[index] ?? ''),
      part,
    );
    own.forEach((index, at) => {
      places[index] = inner[at] ?? { part };
    });
  }
  return places;
}

/** Without the folders that all are in, but for one that is a part. */
function withoutCommon(folders: readonly string[][]): string[][] {
  let rest = folders.map((path) => [...path]);
  for (;;) {
    const [first] = rest[0] ?? [];
    if (first === undefined || partOf(first) === 'train' || !rest.every((path) => path[0] === first)) return rest;
    rest = rest.map((path) => path.slice(1));
  }
}

function classed(folders: readonly string[][], paths: readonly string[], part: Part): Place[] {
  const plain = folders.findIndex((path) => path.length === 0);
  const inFolder = folders.findIndex((path) => path.length > 0);
  if (inFolder < 0) return folders.map(() => ({ part }));
  if (plain >= 0)
    throw new Error(
      `pictures (${paths[plain]}) beside folders of pictures (${paths[inFolder]}), must be one or the other: a folder for each class, or no classes`,
    );
  return folders.map(([label = '']) => ({ part, label }));
}
