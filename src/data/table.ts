// Rows of a table as numbers to train on: which columns are features, labels, categories or nothing, and what becomes of missing
// values. Rows are taken one by one as they are read; nothing is kept but the numbers.
import { ArgumentError, FormatError } from '../errors.js';
import { MISSING, type RowListener } from './csv.js';
import type { HostArray } from './elements.js';

export interface TableOptions {
  /**
   * The class of each row: a column's name, or its number from 1. A text of digits is a name where a column has it, else a
   * number; so for the columns below. "label" by default, where there is one; false: none.
   */
  labelColumn?: string | number | false;
  /** A table without that column has no labels, then; else it is refused. For a column that another table was read with. */
  labelMayLack?: boolean;
  /** Columns that are left out, by name or number from 1. */
  drop?: readonly (string | number)[];
  /** Columns whose values are categories: one-hot, in the order of their names. */
  categorical?: readonly (string | number)[];
  /** What becomes of an empty field, NA, NaN, null or ?: refuse (default), the column's mean, or drop the row. */
  missing?: 'refuse' | 'mean' | 'drop';
  /**
   * The table that a model is trained on: this one gives the same features, from the columns of these names, or, where one of
   * both has no names, of these numbers, or of these features alone in their order. Drop and categorical mean nothing then.
   */
  like?: TableForm;
}

/** What the columns of a table became, as it is needed for another table of the same kind. */
export interface TableForm {
  /** Those that are features, in the table's order. */
  columns: TableColumn[];
  /** The column of labels. */
  label?: Omit<TableColumn, 'mean' | 'categories'>;
  /** How many columns the table has, and whether its first line names them. */
  width: number;
  hasHeader: boolean;
}

export interface TableColumn {
  name: string;
  /** In the table, from 1. */
  number: number;
  /** Of one-hot categories, in their order. */
  categories?: string[];
  /** Of numbers, over the rows that have one: what stands for a missing value. */
  mean?: number;
}

/** A table as numbers. */
export interface Table {
  /** [rows, features] */
  features: HostArray;
  /** Of each feature; of a category "colour=red". */
  names: string[];
  /** [rows] of 0 .. classes - 1, in the order of `classes`. */
  labels?: HostArray;
  /** What the labels are called, numbers in their order before texts in theirs. */
  classes?: string[];
  /** Rows that were left out because a value is missing. */
  dropped: number;
  /** Missing values that are the mean of their column. */
  filled: number;
  /** Of each row, its number among all rows of the file, from 0; only where some were left out. */
  fileRows?: Uint32Array;
  form: TableForm;
}

const DEFAULT_LABEL = 'label';
/** Numbers of a block of rows: the whole is put together once, at the end. */
const BLOCK = 2 ** 20;
const SHOWN = 12;
/** One-hot, each takes a feature: a column that has more of them is none of categories, but of numbers, names or keys. */
const MOST_CATEGORIES = 1000;

/** A column whose values are kept. */
interface Stored {
  /** Where it is in this table, from 0. */
  index: number;
  name: string;
  /** Of a category: the code of each value, in the order in which they come. */
  codes?: Map<string, number>;
  /** Of a category of a table like another: no value but these. */
  known?: readonly string[];
  /** Of numbers, to begin with: the mean of the table that this one is like. */
  mean?: number;
}

const isMissing = (text: string | undefined): boolean => text !== undefined && MISSING.has(text.toLowerCase());

export class TableBuilder implements RowListener {
  private names: string[] = [];
  private hasHeader = false;
  private stored: Stored[] = [];
  /** Of each, where it is in a row; and what makes its mean. */
  private indices = new Int32Array(0);
  private sums = new Float64Array(0);
  private counts = new Float64Array(0);
  private label = -1;
  private readonly blocks: Float32Array[] = [];
  private rows = 0;
  private dropped = 0;
  /** Numbers of the rows that are kept. */
  private readonly kept: number[] = [];
  private readonly labels: number[] = [];
  private readonly classes = new Map<string, number>();
  private readonly missing: Required<TableOptions>['missing'];

  /** @param name what to call the file in an error */
  constructor(
    private readonly name: string,
    private readonly options: TableOptions = {},
  ) {
    this.missing = options.missing ?? 'refuse';
  }

  /** @throws ArgumentError naming a column that is not there */
  columns(names: string[], hasHeader: boolean): void {
    this.names = names;
    this.hasHeader = hasHeader;
    const { like } = this.options;
    this.label = this.labelIndex(like);
    this.stored = like ? like.columns.map((column) => this.storedLike(column, like)) : this.storedHere();
    this.indices = Int32Array.from(this.stored, ({ index }) => index);
    this.sums = new Float64Array(this.stored.length);
    this.counts = new Float64Array(this.stored.length);
    if (this.stored.length === 0)
      throw new ArgumentError(`${this.name} has no column left to train on: ${names.join(', ')}`);
  }

  private labelIndex(like: TableForm | undefined): number {
    const { labelColumn, labelMayLack } = this.options;
    if (labelColumn === false) return -1;
    if (labelColumn !== undefined && !(labelMayLack && like?.label))
      return labelMayLack && this.find(labelColumn) < 0 ? -1 : this.indexOf(labelColumn);
    // A table for testing may have none, as at Kaggle.
    if (like?.label) return this.indexLike(like.label, like);
    const isFeature = (name: string) => like?.columns.some((column) => column.name === name);
    return this.names.findIndex((name) => name.toLowerCase() === DEFAULT_LABEL && !isFeature(name));
  }

  private storedHere(): Stored[] {
    const { drop = [], categorical = [] } = this.options;
    const dropped = new Set(drop.map((column) => this.indexOf(column)));
    const categories = new Set(categorical.map((column) => this.indexOf(column)));
    const twice = [...categories].find((index) => dropped.has(index) || index === this.label);
    if (twice !== undefined)
      throw new ArgumentError(
        `${this.name}: column "${this.names[twice]}" is to be categories and ${twice === this.label ? 'the label' : 'left out'}, must be one of them`,
      );
    this.checkNames(dropped);
    return this.names.flatMap((name, index): Stored[] =>
      dropped.has(index) || index === this.label
        ? []
        : [{ index, name, ...(categories.has(index) && { codes: new Map() }) }],
    );
  }

  /** Another table is read by the names: what is used must have one of its own. */
  private checkNames(dropped: ReadonlySet<number>): void {
    const used = this.names.map((_, index) => index).filter((index) => !dropped.has(index));
    const first = new Map<string, number>();
    for (const index of used) {
      const name = this.names[index] ?? '';
      const other = first.get(name);
      if (other !== undefined)
        throw new ArgumentError(
          `${this.name} has two columns "${name}", numbers ${other + 1} and ${index + 1}, must have one of each name: rename one, or leave one out by its number (--drop ${index + 1})`,
        );
      first.set(name, index);
    }
  }

  /** The numbers from 1 of all columns that are called as this one. */
  private sameName(index: number): number[] {
    const name = this.names[index];
    return this.names.flatMap((other, at) => (other === name ? [at + 1] : []));
  }

  private storedLike(column: TableColumn, like: TableForm): Stored {
    const { name, categories, mean } = column;
    const index = this.indexLike(column, like);
    if (index < 0)
      throw new ArgumentError(
        like.hasHeader && this.hasHeader
          ? `${this.name} has no column "${name}", must have the ${like.columns.length} columns of the training table: ${this.known()}`
          : `${this.name} has ${this.names.length} columns, must have the ${like.width} of the training table, or name them in its first line`,
      );
    const codes = categories && new Map(categories.map((value, code) => [value, code] as const));
    return {
      index,
      name,
      ...(codes && { codes, known: categories }),
      ...(mean !== undefined && { mean }),
    };
  }

  /**
   * By name where both tables have names, else by number where both are of one width, or by its place among the features where
   * these are all that there is; -1 if it is not there.
   */
  private indexLike({ name, number }: Pick<TableColumn, 'name' | 'number'>, like: TableForm): number {
    if (like.hasHeader && this.hasHeader) {
      const index = this.names.indexOf(name);
      const same = this.sameName(index);
      if (index < 0 || same.length === 1) return index;
      // Of two of one name the training table left the other one out, by its number.
      if (this.names.length === like.width && same.includes(number)) return number - 1;
      throw new ArgumentError(
        `${this.name} has ${same.length} columns "${name}", numbers ${same.join(' and ')}, must have one as the training table: rename the others`,
      );
    }
    if (this.names.length === like.width) return number - 1;
    return this.names.length === like.columns.length
      ? like.columns.findIndex((column) => column.number === number)
      : -1;
  }

  /** -1 if it is not there. */
  private find(column: string | number): number {
    return columnIndex(this.names, column);
  }

  private indexOf(column: string | number): number {
    const index = this.find(column);
    const same = this.sameName(index);
    if (same.length > 1 && column === this.names[index])
      throw new ArgumentError(
        `${this.name} has ${same.length} columns "${column}", numbers ${same.join(' and ')}: give the number of the one that is meant`,
      );
    if (index >= 0) return index;
    throw new ArgumentError(
      `${this.name} has no column "${column}": ${this.known()}; name one of them, or give its number, 1 to ${this.names.length}`,
    );
  }

  /** What columns there are, for an error. */
  private known(): string {
    const shown = this.names.slice(0, SHOWN).join(', ') + (this.names.length > SHOWN ? ', ...' : '');
    return this.hasHeader ? `its columns are ${shown}` : 'its first line has no names';
  }

  /** @throws FormatError naming line and column of what is missing, no number or no category */
  row(numbers: Float64Array, texts: (string | undefined)[], line: number): void {
    if (this.missing === 'drop') {
      // Before anything is kept of the row: a category that no other row has is none.
      const lacks = this.stored.some(({ index }) => isMissing(texts[index])) || isMissing(texts[this.label]);
      if (lacks) {
        this.dropped++;
        return;
      }
    }
    if (this.missing === 'drop') this.kept.push(this.rows + this.dropped);
    const row = this.space();
    const { stored, sums, counts } = this;
    for (let at = 0; at < this.indices.length; at++) {
      const index = this.indices[at] ?? 0;
      const text = texts[index];
      if (text !== undefined || stored[at]?.codes) {
        row[at] = this.codeOrMissing(stored[at] as Stored, text ?? String(numbers[index]), line);
        continue;
      }
      const value = Math.fround(numbers[index] ?? Number.NaN);
      if (!Number.isFinite(value)) throw this.noNumber(line, index, String(numbers[index]));
      sums[at] = (sums[at] ?? 0) + value;
      counts[at] = (counts[at] ?? 0) + 1;
      row[at] = value;
    }
    if (this.label >= 0) {
      if (isMissing(texts[this.label])) throw this.missingAt(line, this.label, true);
      this.labels.push(codeOf(this.classes, texts[this.label] ?? String(numbers[this.label])));
    }
    this.rows++;
  }

  /** Of a field that is no number, or a category. */
  private codeOrMissing(column: Stored, text: string, line: number): number {
    const { index, codes } = column;
    if (isMissing(text)) {
      if (this.missing === 'refuse' || codes) throw this.missingAt(line, index, codes !== undefined);
      return Number.NaN;
    }
    if (codes) return this.category(column, codes, text, line);
    throw this.noNumber(line, index, text);
  }

  private category({ index, known }: Stored, codes: Map<string, number>, text: string, line: number): number {
    if (codes.has(text)) return codeOf(codes, text);
    if (!known && codes.size < MOST_CATEGORIES) return codeOf(codes, text);
    if (!known) {
      const [most, number] = [MOST_CATEGORIES.toLocaleString('en-US'), this.numberText(index)];
      throw new FormatError(
        `${this.name}: column "${this.names[index]}" has more than ${most} different values up to line ${line}, must have ${most} at most to be categories: leave it out (--drop ${number}), or take it as numbers if it has such`,
      );
    }
    const shown = known.slice(0, SHOWN).join(', ') + (known.length > SHOWN ? ', ...' : '');
    throw new FormatError(
      `${this.name}: line ${line}, column "${this.names[index]}" is "${text}", must be one of the categories of the training table: ${shown}; leave such rows out, or train on a table that has them`,
    );
  }

  /** Where the next row goes; it is taken by counting it. A block grows until it is full: small tables take little. */
  private space(): Float32Array {
    const width = this.stored.length;
    const perBlock = rowsPerBlock(width);
    const at = (this.rows % perBlock) * width;
    const index = Math.floor(this.rows / perBlock);
    const block = this.blocks[index] ?? new Float32Array(0);
    if (at + width <= block.length) return block.subarray(at, at + width);
    const grown = new Float32Array(Math.min(perBlock * width, Math.max(2 * block.length, at + width)));
    grown.set(block);
    this.blocks[index] = grown;
    return grown.subarray(at, at + width);
  }

  private missingAt(line: number, index: number, hasNoMean: boolean): FormatError {
    const remedy =
      this.missing === 'mean' && hasNoMean
        ? 'labels and categories have no mean: fill it in, or drop such rows (--missing drop)'
        : 'fill it in, or take the mean of its column or drop the row (--missing mean or drop)';
    return new FormatError(`${this.name}: line ${line}, column "${this.names[index]}" is missing; ${remedy}`);
  }

  private noNumber(line: number, index: number, text: string): FormatError {
    const must = Number.isNaN(Number(text))
      ? 'a number: leave the column out (--drop), or take it as categories (--categorical)'
      : 'finite in f32: leave the column or the row out';
    return new FormatError(`${this.name}: line ${line}, column "${this.names[index]}" is "${text}", must be ${must}`);
  }

  /** @throws FormatError if there is no row */
  table(): Table {
    if (this.rows === 0)
      throw new FormatError(
        `${this.name} has no row${this.dropped > 0 ? ` without missing values (${this.dropped} with)` : ''}`,
      );
    const orders = this.stored.map(({ codes, known }) => (known || codes) && ordered(codes ?? new Map(), known));
    this.checkMeans();
    const names = this.stored.flatMap(({ name }, at) => orders[at]?.names.map((value) => `${name}=${value}`) ?? [name]);
    const means = this.stored.map(({ mean }, at) => mean ?? (this.sums[at] ?? 0) / (this.counts[at] || 1));
    const features = {
      name: this.name,
      shape: [this.rows, names.length],
      values: this.expanded(orders, means, names.length),
    };
    const classes = ordered(this.classes);
    const labels = Float64Array.from(this.labels, (code) => classes.place[code] ?? 0);
    const described = ({ name, index }: Pick<Stored, 'name' | 'index'>) => ({ name, number: index + 1 });
    return {
      features,
      names,
      dropped: this.dropped,
      filled: this.stored.reduce((sum, { codes }, at) => sum + (codes ? 0 : this.rows - (this.counts[at] ?? 0)), 0),
      ...(this.dropped > 0 && { fileRows: Uint32Array.from(this.kept) }),
      ...(this.label >= 0 && {
        labels: { name: `${this.name}: labels`, shape: [this.rows], values: labels },
        classes: classes.names,
      }),
      form: {
        columns: this.stored.map((column, at) => {
          const order = orders[at];
          return { ...described(column), ...(order ? { categories: order.names } : { mean: means[at] ?? 0 }) };
        }),
        ...(this.label >= 0 && { label: described({ name: this.names[this.label] ?? '', index: this.label }) }),
        width: this.names.length,
        hasHeader: this.hasHeader,
      },
    };
  }

  /** @throws FormatError naming a column of numbers that has none: it has no mean */
  private checkMeans(): void {
    const empty = this.stored.find(({ codes, mean }, at) => !codes && mean === undefined && this.counts[at] === 0);
    if (empty)
      throw new FormatError(
        `${this.name}: column "${empty.name}" has no value in any row, must have one at least to have a mean: leave it out (--drop ${this.numberText(empty.index)})`,
      );
  }

  /** A column as a flag takes it: its name, or its number where it has none, or one that a flag cannot hold. */
  private numberText(index: number): string {
    const name = this.names[index] ?? '';
    return this.hasHeader && !/[,\s"']/.test(name) ? name : String(index + 1);
  }

  private expanded(orders: readonly (Order | undefined)[], means: readonly number[], width: number): Float32Array {
    const out = new Float32Array(this.rows * width);
    const stored = this.stored.length;
    const perBlock = rowsPerBlock(stored);
    let to = 0;
    for (let row = 0; row < this.rows; row++) {
      const block = this.blocks[Math.floor(row / perBlock)];
      const from = (row % perBlock) * stored;
      for (let at = 0; at < stored; at++) {
        const value = block?.[from + at] ?? Number.NaN;
        const order = orders[at];
        if (order) {
          out[to + (order.place[value] ?? 0)] = 1;
          to += order.names.length;
        } else out[to++] = Number.isNaN(value) ? (means[at] ?? 0) : value;
      }
    }
    return out;
  }
}

/** By name, else by number from 1; -1 if there is none. */
export function columnIndex(names: readonly string[], column: string | number): number {
  const byName = typeof column === 'number' ? -1 : names.indexOf(column);
  if (byName >= 0) return byName;
  const number = typeof column === 'number' ? column : /^\d+$/.test(column) ? Number(column) : Number.NaN;
  return Number.isInteger(number) && number >= 1 && number <= names.length ? number - 1 : -1;
}

const rowsPerBlock = (width: number): number => Math.max(1, Math.floor(BLOCK / width));

/** A text's number, in the order in which texts come. */
function codeOf(codes: Map<string, number>, text: string): number {
  const known = codes.get(text);
  if (known !== undefined) return known;
  codes.set(text, codes.size);
  return codes.size - 1;
}

interface Order {
  names: string[];
  /** Of each code, its place among the names. */
  place: number[];
}

/** Numbers by size, then texts by the alphabet. */
export function byNumberThenText(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return Number.isNaN(x) ? (a < b ? -1 : Number(a > b)) : x - y;
}

/** The same whatever order the rows have; `known` have their order already. */
function ordered(codes: ReadonlyMap<string, number>, known?: readonly string[]): Order {
  const names = known ? [...known] : [...codes.keys()].sort(byNumberThenText);
  const place: number[] = [];
  names.forEach((name, index) => {
    place[codes.get(name) ?? 0] = index;
  });
  return { names, place };
}
