// Labels of any kind as classes 0..: which names they have, in which order they come, and that all parts of a data set agree.
import { FormatError } from '../../errors.js';
import type { HostArray } from '../files/elements.js';
import { byNumberThenText } from './table.js';

/** Labels as a file has them. */
export interface FileLabels extends HostArray {
  /** Of texts: what the numbers stand for, by number from 0. */
  names?: readonly string[];
}

/** What is known of the classes of a model: their names, or that they are their numbers. */
export type KnownClasses = readonly string[] | 'numbers';

/** The labels of each part of a data set. */
export interface Parts {
  /** Whose labels say what the classes are. */
  train: {
    /** [count], if the file has some. */
    labels?: FileLabels | undefined;
  };
  /** As `train`. */
  validation?: {
    /** [count], if the file has some. */
    labels?: FileLabels | undefined;
  };
  /** As `train`. */
  test?: {
    /** [count], if the file has some. */
    labels?: FileLabels | undefined;
  };
}

/** Classes of a data set, and how its labels become them. */
export interface FileClasses {
  /** By class; undefined: they are their numbers. */
  classes?: readonly string[];
  /** The labels of a part as classes. */
  labels(part: { labels?: FileLabels | undefined }): HostArray | undefined;
}

/** A byte holds them. */
const MOST_CLASSES = 256;
const SHOWN = 12;

/**
 * Labels that are whole numbers, of which the least in the training part is 0, are classes as they are. Others are classes
 * 0.. in the order of numbers, then texts, and keep their names; a part for testing has none that the training part lacks.
 * @param known of the model's own data, if these are others: their classes come first, and what they lack after them
 * @throws FormatError naming a label that cannot be a class
 */
export function classesOf(parts: Parts, known?: KnownClasses): FileClasses {
  const train = textsOf(parts.train.labels);
  const isNumbers = known === 'numbers' || (known === undefined && areNumbers(parts.train.labels, train));
  if (train.length === 0 && known === undefined) return { labels: ({ labels }) => labels && plain(labels) };
  if (isNumbers && train.every((text) => !Number.isNaN(Number(text))))
    return { labels: ({ labels }) => labels && plain(labels) };
  const all = typeof known === 'object' ? [...known] : [...train].sort(byNumberThenText);
  if (typeof known === 'object') all.push(...train.filter((text) => !known.includes(text)).sort(byNumberThenText));
  if (all.length > MOST_CLASSES)
    throw new FormatError(
      `${parts.train.labels?.name} has ${all.length} different labels, such as ${all.slice(0, 3).join(', ')}, must have at most ${MOST_CLASSES} classes; are they another column than that of the classes?`,
    );
  const numbers = new Map(all.map((text, index) => [text, index]));
  return { classes: all, labels: ({ labels }) => labels && numbered(labels, numbers, all) };
}

/** Of several columns (QMNIST) the first is the class. */
const firstColumn = ({ shape, values }: FileLabels): HostArray['values'] => {
  const columns = shape[1] ?? 1;
  return shape.length !== 2 || columns === 1 ? values : values.filter((_, at) => at % columns === 0);
};

/** What different labels there are, as texts. */
function textsOf(labels: FileLabels | undefined): string[] {
  if (!labels) return [];
  const { name, names } = labels;
  const different = [...new Set<number>(firstColumn(labels))];
  const wrong = different.find((value) => !Number.isFinite(value));
  if (wrong !== undefined)
    throw new FormatError(`${name} has labels such as ${wrong}, must be numbers or words; leave such examples out`);
  return different.map((value) => names?.[value] ?? String(value));
}

function areNumbers(labels: FileLabels | undefined, texts: readonly string[]): boolean {
  if (!labels) return true;
  const values = texts.map(Number);
  return values.includes(0) && values.every((value) => Number.isInteger(value) && value >= 0 && value < MOST_CLASSES);
}

/** By the numbers themselves. */
function plain(labels: FileLabels): HostArray {
  const { name, shape, values, names } = labels;
  if (!names) return labels;
  const word = names.find((text) => Number.isNaN(Number(text)));
  if (word !== undefined)
    throw new FormatError(
      `${name} has the class "${word}", must be numbers from 0 as in the training examples; name the classes in one way`,
    );
  return { name, shape, values: Float64Array.from(values, (code) => Number(names[code])) };
}

function numbered(labels: FileLabels, numbers: ReadonlyMap<string, number>, all: readonly string[]): HostArray {
  const { name, shape, names } = labels;
  const codes = firstColumn(labels);
  const classes = new Map<number, number>();
  for (const code of new Set<number>(codes)) {
    const text = names?.[code] ?? String(code);
    const found = numbers.get(text);
    if (found === undefined)
      throw new FormatError(
        `${name} has the class "${text}", which the training examples lack, must be one of ${all.slice(0, SHOWN).join(', ')}${all.length > SHOWN ? ', ...' : ''}; leave such examples out, or train on some of them`,
      );
    classes.set(code, found);
  }
  return {
    name,
    shape: shape.length === 2 ? shape.slice(0, 1) : shape,
    values: Uint8Array.from(codes, (code) => classes.get(code) ?? 0),
  };
}
