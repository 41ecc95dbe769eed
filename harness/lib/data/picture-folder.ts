// A folder of PNG or JPEG pictures as examples: plain files, or a folder for each class, and that in train/, test/ and val/ where
// there are these. Hidden files are no pictures; others that are none are left out, and a line says so.
import fs from 'node:fs';
import path from 'node:path';
import { byNumberThenText, FormatError } from 'latentgpu/node';
import type { ReadingOptions } from '../options/reading-options.js';
import { decodeAll } from '../pictures/decode-all.js';
import type { Picture } from '../pictures/pixels.js';
import type { Arrays, Part } from './arrays.js';
import type { ReadProgress } from './rows.js';

const PICTURE = /\.(?:png|jpe?g)$/i;
const PARTS = {
  train: ['train', 'training'],
  validation: ['val', 'valid', 'validation'],
  test: ['test', 'testing'],
} as const;
/** What is said of many things names so many. */
const SHOWN = 5;
/** Folders within folders: a link may lead back. */
const DEEPEST = 12;

const isHidden = (name: string): boolean => name.startsWith('.') || name === '__MACOSX' || name === 'Thumbs.db';

/** Pictures below a folder, and what else is there, in the order of their names. */
function filesBelow(folder: string, others: string[], depth = 0): string[] {
  const names = fs
    .readdirSync(folder)
    .filter((name) => !isHidden(name))
    .sort(byNumberThenText);
  return names.flatMap((name) => {
    const file = path.join(folder, name);
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat?.isDirectory()) return depth < DEEPEST ? filesBelow(file, others, depth + 1) : [];
    if (PICTURE.test(name)) return [file]; // a broken link, too: it is told as what cannot be read
    others.push(file);
    return [];
  });
}

const foldersIn = (folder: string): string[] =>
  fs
    .readdirSync(folder, { withFileTypes: true })
    .filter(
      (entry) =>
        !isHidden(entry.name) && fs.statSync(path.join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory(),
    )
    .map(({ name }) => name)
    .sort(byNumberThenText);

/** Looks no further than train/class/: a folder of something else may hold very much. */
const LOOKED_AT = 2;

export function hasPictures(folder: string, depth = 0): boolean {
  const names = fs.readdirSync(folder).filter((name) => !isHidden(name));
  if (names.some((name) => PICTURE.test(name))) return true;
  return depth < LOOKED_AT && foldersIn(folder).some((name) => hasPictures(path.join(folder, name), depth + 1));
}

/** However deep, where a folder is known to be one of pictures; ends at the first. */
const hasSomeBelow = (folder: string): boolean => hasPictures(folder, LOOKED_AT - DEEPEST);

/** Files of a part, with the number of its class of each. */
interface PartFiles {
  folder: string;
  files: string[];
  labels?: number[];
  names: string[];
}

function partFiles(folder: string, others: string[]): PartFiles {
  const names = foldersIn(folder);
  const plain = fs.readdirSync(folder).filter((name) => !isHidden(name) && PICTURE.test(name));
  const classes = names.map((name) => filesBelow(path.join(folder, name), others));
  const classed = classes.flat();
  if (plain.length > 0 && classed.length > 0)
    throw new FormatError(
      `${folder} has pictures (${plain[0]}) beside folders of pictures (${names[classes.findIndex((files) => files.length > 0)]}), must have one or the other: a folder for each class, or no classes`,
    );
  if (classed.length === 0) return { folder, files: filesBelow(folder, others), names: [] };
  // A folder without pictures is no class.
  const kept = names.flatMap((name, index) => (classes[index]?.length ? [{ name, files: classes[index] ?? [] }] : []));
  return {
    folder,
    files: kept.flatMap(({ files }) => files),
    labels: kept.flatMap(({ files }, label) => files.map(() => label)),
    names: kept.map(({ name }) => name),
  };
}

type PartName = keyof typeof PARTS;

/**
 * The folders of the parts, if that is what the folders are: each that has pictures is one of train/, val/ and test/, and no
 * picture lies beside. Else they are classes, one of which may be called train; but not where folders of classes within them
 * tell that they are parts, as a part of the pictures, or their classes, would be lost.
 * @throws FormatError naming what no reading would take
 */
function partsOf(place: string): ({ train: string } & Partial<Record<PartName, string>>) | undefined {
  const folders = foldersIn(place).filter((name) => hasSomeBelow(path.join(place, name)) || isPart(name));
  const found = (part: PartName) => folders.filter((name) => partOf(name) === part);
  const [train] = found('train');
  if (train === undefined) return undefined;
  const plain = fs.readdirSync(place).filter((name) => !isHidden(name) && PICTURE.test(name));
  const beside = listed([...folders.filter((name) => !isPart(name)).map((name) => `${name}/`), ...plain]);
  if (beside !== '') {
    const hasClasses = (name: string) =>
      foldersIn(path.join(place, name)).some((inner) => hasSomeBelow(path.join(place, name, inner)));
    const classed = folders.find((name) => isPart(name) && hasClasses(name));
    if (classed === undefined) return undefined;
    throw new FormatError(
      `${place} has ${beside} beside ${classed}/, which has folders of classes: read as parts, the former would be lost, as classes, what is within ${classed}/; must have parts or classes alone: move ${beside} away, or name one folder`,
    );
  }
  const twice = (Object.keys(PARTS) as PartName[]).find((part) => found(part).length > 1);
  if (twice !== undefined) {
    const [first, ...more] = found(twice);
    throw new FormatError(
      `${place} has ${first}/ and ${more[0]}/, which are both the ${twice} part: one would be left out; must have one of them: put them together, or move one away`,
    );
  }
  const [[validation], [test]] = [found('validation'), found('test')];
  return { train, ...(validation !== undefined && { validation }), ...(test !== undefined && { test }) };
}

const partOf = (name: string): PartName | undefined =>
  (Object.keys(PARTS) as PartName[]).find((part) => (PARTS[part] as readonly string[]).includes(name.toLowerCase()));

const isPart = (name: string): boolean => partOf(name) !== undefined;

/**
 * @param place as it was given to --data
 * @throws FormatError naming files that cannot be read, or that are of another size than the first
 */
export async function readPictures(
  place: string,
  { size }: Pick<ReadingOptions, 'size'>,
  { say, progress }: { say(line: string): void; progress: ReadProgress },
  threads?: number,
): Promise<Arrays> {
  const others: string[] = [];
  const folders = partsOf(place);
  const within = (name: string | undefined) =>
    name === undefined ? undefined : partFiles(path.join(place, name), others);
  const parts =
    folders === undefined
      ? { train: partFiles(place, others) }
      : {
          train: partFiles(path.join(place, folders.train), others),
          validation: within(folders.validation),
          test: within(folders.test),
        };
  if (others.length > 0)
    say(`left out, as they are neither .png nor .jpg: ${listed(others.map((file) => path.relative(place, file)))}`);
  const present = Object.entries(parts).filter((entry): entry is [string, PartFiles] => entry[1] !== undefined);
  const empty = present.find(([, { files }]) => files.length === 0);
  if (empty) throw new FormatError(`${empty[1].folder} has no .png or .jpg file, must have some`);
  const files = present.flatMap(([, part]) => part.files);
  const pictures = checked(
    files,
    await decodeAll(files, { size, threads, progress: (done) => progress(place, done, files.length) }),
  );
  const [{ height, width }] = pictures as [Picture];
  const channels = pictures.some((picture) => picture.channels === 3) ? 3 : 1;
  const values = joined(pictures, height * width, channels);
  let first = 0;
  const read = ({ folder, files, labels, names }: PartFiles): Part => {
    const one = height * width * channels;
    const from = first;
    first += files.length;
    return {
      examples: {
        name: folder,
        shape: [files.length, height, width, channels],
        values: values.subarray(from * one, first * one),
      },
      ...(labels && {
        labels: { name: `${folder}: its folders`, shape: [labels.length], values: Float64Array.from(labels), names },
      }),
    };
  };
  const made = Object.fromEntries(present.map(([name, part]) => [name, read(part)])) as { train: Part };
  const { names } = parts.train;
  const what = `${channels === 3 ? 'colour' : 'grey'} pictures${names.length > 0 ? `, ${names.length} classes by folder` : ''}`;
  return { ...made, numbers: 'pixels', what };
}

/** All of them, and of one size. */
function checked(files: readonly string[], decoded: readonly (Picture | { why: string })[]): Picture[] {
  const broken = decoded.flatMap((one, index) => ('why' in one ? [`${files[index]}: ${one.why}`] : []));
  if (broken.length > 0)
    throw new FormatError(
      `${broken.length} of ${files.length} pictures cannot be read: ${listed(broken, '; ')}; mend them, or take them out`,
    );
  const pictures = decoded as Picture[];
  const [first] = pictures;
  const other = pictures.findIndex(({ height, width }) => height !== first?.height || width !== first?.width);
  if (other >= 0)
    throw new FormatError(
      `${files[other]} is ${sizeText(pictures[other])} but ${files[0]} is ${sizeText(first)}, must have one size: --size ${sizeText(first)} resizes all`,
    );
  return pictures;
}

const sizeText = (picture: Picture | undefined): string => `${picture?.height}x${picture?.width}`;

const listed = (names: readonly string[], between = ', '): string =>
  names.slice(0, SHOWN).join(between) + (names.length > SHOWN ? `${between}and ${names.length - SHOWN} more` : '');

/** One after the other; grey ones as colour if some are in colour. Each is let go as it is taken. */
function joined(pictures: (Picture | undefined)[], size: number, channels: 1 | 3): Uint8Array {
  const values = new Uint8Array(pictures.length * size * channels);
  for (let index = 0; index < pictures.length; index++) {
    const picture = pictures[index] as Picture;
    const at = index * size * channels;
    if (picture.channels === channels) values.set(picture.pixels, at);
    else for (let i = 0; i < size * channels; i++) values[at + i] = picture.pixels[Math.floor(i / channels)] ?? 0;
    pictures[index] = undefined;
  }
  return values;
}
