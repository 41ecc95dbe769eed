// The flags that say which data are read, and what to take their arrays for; the same in every program that reads some.
import { ArgumentError, type ImageLayout, LAYOUTS } from 'latentgpu/node';
import { asIs, oneOf, show, wholeNumber } from './flags/flag-values.js';
import type { Flag } from './flags/flags.js';
import { present } from './flags/present.js';

export const MISSING_CHOICES = ['refuse', 'mean', 'drop'] as const;

/** How a file or a folder is read; absent: as it says itself. */
export interface ReadingOptions {
  /** Of a folder with several data sets, which. */
  split?: string;
  /** Of colour images: whether their channels come last or first. */
  layout?: ImageLayout;
  /** Of a table: the column of the classes, by name or number from 1. */
  'label-column'?: string;
  /** Columns that are left out. */
  drop?: string[];
  /** Columns whose values are categories, one-hot. */
  categorical?: string[];
  missing?: (typeof MISSING_CHOICES)[number];
  /** Of a folder of pictures: what all of them are resized to. */
  size?: PictureSize;
}

export interface PictureSize {
  height: number;
  width: number;
}

/** What data can be, as far as flags go. */
export type DataKind = 'named' | 'folder of IDX files' | 'arrays' | 'table' | 'pictures';

/** Flags, and what they are of. */
const KINDS: Record<keyof ReadingOptions, { kinds: readonly DataKind[]; of: string }> = {
  split: { kinds: ['folder of IDX files'], of: 'folders of IDX files of several data sets' },
  layout: { kinds: ['folder of IDX files', 'arrays'], of: 'arrays of colour images' },
  'label-column': { kinds: ['table'], of: 'tables' },
  drop: { kinds: ['table'], of: 'tables' },
  categorical: { kinds: ['table'], of: 'tables' },
  missing: { kinds: ['table'], of: 'tables' },
  size: { kinds: ['pictures'], of: 'folders of pictures' },
};

const group = 'Data';
/** For programs that take a run's data as the run did. */
export const READING_GROUP = "How the data are read (default: as the run's)";

export const READING_FLAGS: Record<keyof ReadingOptions, Flag> = {
  split: {
    group,
    value: 'NAME',
    example: 'letters',
    read: asIs,
    help: ['of a folder with several data sets (EMNIST), which'],
  },
  layout: {
    group,
    value: 'NAME',
    example: 'chw',
    read: oneOf(LAYOUTS),
    help: ['of colour images: hwc or chw, channels last or first (default: as their', 'sizes say)'],
  },
  'label-column': {
    group,
    value: 'COL',
    example: 'Class',
    read: asIs,
    help: [
      'of a table: the column of the classes, by its name, or by its number',
      'from 1 where no column is called so (default: label, if there is one)',
    ],
  },
  drop: {
    group,
    value: 'COLS',
    example: 'Id,Time',
    read: columns,
    help: ['of a table: columns that are left out, by name or number'],
  },
  categorical: {
    group,
    value: 'COLS',
    example: 'colour',
    read: columns,
    help: ['of a table: columns of categories, each value a feature of 0 or 1'],
  },
  missing: {
    group,
    value: 'NAME',
    example: 'mean',
    read: oneOf(MISSING_CHOICES),
    help: [
      'of a table: missing values are refused (refuse, the default), become the',
      'mean of their column (mean), or their row is left out (drop)',
    ],
  },
  size: {
    group,
    value: 'HxW',
    example: '28x28',
    read: pictureSize,
    help: ['of a folder of pictures: resize all (default: they must have one size)'],
  },
};

const NAMES = Object.keys(READING_FLAGS) as (keyof ReadingOptions)[];

/** Of a program's options, those that say how data are read. */
export function readingOf(options: ReadingOptions): ReadingOptions {
  return present(Object.fromEntries(NAMES.map((name) => [name, options[name]])));
}

/**
 * What of a run's own options still means something for data of this kind.
 * @param inherited options of a run, whose data may have been of another kind
 */
export function readingFor(kind: DataKind, inherited: ReadingOptions): ReadingOptions {
  return present(
    Object.fromEntries(NAMES.filter((name) => KINDS[name].kinds.includes(kind)).map((name) => [name, inherited[name]])),
  );
}

/**
 * @param is what the data are, for an error: "t.csv is a table"
 * @throws ArgumentError naming a flag that has no meaning with such data
 */
export function checkReading(kind: DataKind, reading: ReadingOptions, is: string): void {
  const extra = NAMES.find((name) => reading[name] !== undefined && !KINDS[name].kinds.includes(kind));
  if (extra === undefined) return;
  throw new ArgumentError(
    `--${extra} ${readingText(reading)[extra]}: ${is}; only ${KINDS[extra].of} take it: leave --${extra} out`,
  );
}

/** As they stand on a command line. */
export function readingText(reading: ReadingOptions): Partial<Record<keyof ReadingOptions, string>> {
  const { drop, categorical, size, ...texts } = reading;
  return present({
    ...texts,
    ...(drop && { drop: drop.join(',') }),
    ...(categorical && { categorical: categorical.join(',') }),
    ...(size && { size: `${size.height}x${size.width}` }),
  });
}

/** The reverse, for what a run.json holds; what makes no sense in it is left out. */
export function readingFrom(stored: unknown): ReadingOptions {
  const texts = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  const read = (name: keyof ReadingOptions): unknown => {
    const text = texts[name];
    if (typeof text !== 'string') return undefined;
    try {
      return READING_FLAGS[name].read(text, `--${name}`, READING_FLAGS[name].example);
    } catch (error) {
      if (error instanceof ArgumentError) return undefined;
      throw error;
    }
  };
  return present(Object.fromEntries(NAMES.map((name) => [name, read(name)])));
}

function columns(text: string, flag: string, example: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (names.includes('') || twice !== undefined)
    throw new ArgumentError(
      `${flag} is ${show(text)}, must be different names or numbers of columns with commas between; for example ${flag} ${example}`,
    );
  return names;
}

function pictureSize(text: string, flag: string, example: string): PictureSize {
  const [height = 0, width = 0, ...more] = text.split('x').map(wholeNumber);
  if (!(height >= 1 && width >= 1 && more.length === 0 && height * width <= 2 ** 24))
    throw new ArgumentError(
      `${flag} is ${show(text)}, must be HEIGHTxWIDTH in pixels, 2^24 of them at most; for example ${flag} ${example}`,
    );
  return { height, width };
}
