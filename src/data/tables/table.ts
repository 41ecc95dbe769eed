// Rows of a table as numbers to train on: what becomes of categories, labels and missing values (table-columns.ts says which columns
// count). Rows are taken one by one as they are read; nothing is kept but the numbers.
import { FormatError } from '../../errors.js';
import { MISSING, type RowListener } from '../files/csv.js';
import type { HostArray } from '../files/elements.js';
import type { Gaps } from './missing.js';
import { SHOWN, type Stored, TableColumns, type TableForm, type TableOptions } from './table-columns.js';

export { columnIndex, type TableColumn, type TableForm, type TableOptions } from './table-columns.js';

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
  /**
   * Where these are in `features.values`. Here the means are over all rows, or, of a table like another, that one's:
   * `fillGaps` takes those of the training rows instead, once it is known which they are.
   */
  gaps: Gaps;
  /** Of each row, its number among all rows of the file, from 0; only where some were left out. */
  fileRows?: Uint32Array;
  /** For `like`, to read another table the same way. */
  form: TableForm;
}

/** Numbers of a block of rows: the whole is put together once, at the end. */
const BLOCK = 2 ** 20;
/** One-hot, each takes a feature: a column that has more of them is none of categories, but of numbers, names or keys. */
const MOST_CATEGORIES = 1000;

const isMissing = (text: string | undefined): boolean => text !== undefined && MISSING.has(text.toLowerCase());

/**
 * Makes features, labels and classes of a table's rows.
 * @example
 * ```ts
 * const builder = new TableBuilder('wine.csv', { labelColumn: 'Class', drop: ['Id'], missing: 'mean' });
 * const reader = new CsvReader('wine.csv', builder);
 * for await (const bytes of stream) reader.push(bytes);
 * reader.end();
 * const { features, names, labels } = builder.table(); // features: { shape: [rows, features], values }
 * ```
 */
export class TableBuilder implements RowListener {
  private chosen!: TableColumns;
  /** Of each, where it is in a row; and what makes its mean. */
  private indices = new Int32Array(0);
  private sums = new Float64Array(0);
  private counts = new Float64Array(0);
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

  /**
   * Called by CsvReader with the names of the columns.
   * @throws ArgumentError naming a column that is not there
   */
  columns(names: string[], hasHeader: boolean): void {
    this.chosen = new TableColumns(this.name, this.options, names, hasHeader);
    const { stored } = this.chosen;
    this.indices = Int32Array.from(stored, ({ index }) => index);
    this.sums = new Float64Array(stored.length);
    this.counts = new Float64Array(stored.length);
  }

  private get stored(): readonly Stored[] {
    return this.chosen.stored;
  }

  private get label(): number {
    return this.chosen.label;
  }

  /**
   * Called by CsvReader with each row.
   * @throws FormatError naming line and column of what is missing, no number or no category
   */
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
      const [most, number] = [MOST_CATEGORIES.toLocaleString('en-US'), this.chosen.numberText(index)];
      throw new FormatError(
        `${this.name}: column "${this.chosen.names[index]}" has more than ${most} different values up to line ${line}, must have ${most} at most to be categories: leave it out (--drop ${number}), or take it as numbers if it has such`,
      );
    }
    const shown = known.slice(0, SHOWN).join(', ') + (known.length > SHOWN ? ', ...' : '');
    throw new FormatError(
      `${this.name}: line ${line}, column "${this.chosen.names[index]}" is "${text}", must be one of the categories of the training table: ${shown}; leave such rows out, or train on a table that has them`,
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
    return new FormatError(`${this.name}: line ${line}, column "${this.chosen.names[index]}" is missing; ${remedy}`);
  }

  private noNumber(line: number, index: number, text: string): FormatError {
    const must = Number.isNaN(Number(text))
      ? 'a number: leave the column out (--drop), or take it as categories (--categorical) or as the label (--label-column)'
      : 'finite in f32: leave the column or the row out';
    return new FormatError(
      `${this.name}: line ${line}, column "${this.chosen.names[index]}" is "${text}", must be ${must}`,
    );
  }

  /**
   * The table of all rows so far.
   * @throws FormatError if there is no row
   */
  table(): Table {
    if (this.rows === 0)
      throw new FormatError(
        `${this.name} has no row${this.dropped > 0 ? ` without missing values (${this.dropped} with)` : ''}`,
      );
    const orders = this.stored.map(({ codes, known }) => (known || codes) && ordered(codes ?? new Map(), known));
    this.checkMeans();
    const names = this.stored.flatMap(({ name }, at) => orders[at]?.names.map((value) => `${name}=${value}`) ?? [name]);
    const means = this.stored.map(({ mean }, at) => mean ?? (this.sums[at] ?? 0) / (this.counts[at] || 1));
    const gaps: number[] = [];
    const values = this.expanded(orders, means, names.length, gaps);
    const features = { name: this.name, shape: [this.rows, names.length], values };
    const classes = ordered(this.classes);
    const labels = Float64Array.from(this.labels, (code) => classes.place[code] ?? 0);
    const described = ({ name, index }: Pick<Stored, 'name' | 'index'>) => ({ name, number: index + 1 });
    return {
      features,
      names,
      dropped: this.dropped,
      filled: gaps.length,
      gaps: Uint32Array.from(gaps),
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
        ...(this.label >= 0 && { label: described({ name: this.chosen.names[this.label] ?? '', index: this.label }) }),
        width: this.chosen.names.length,
        hasHeader: this.chosen.hasHeader,
      },
    };
  }

  /** @throws FormatError naming a column of numbers that has none: it has no mean */
  private checkMeans(): void {
    const empty = this.stored.find(({ codes, mean }, at) => !codes && mean === undefined && this.counts[at] === 0);
    if (empty)
      throw new FormatError(
        `${this.name}: column "${empty.name}" has no value in any row, must have one at least to have a mean: leave it out (--drop ${this.chosen.numberText(empty.index)})`,
      );
  }

  /** @param gaps where values are missing is added to it */
  private expanded(
    orders: readonly (Order | undefined)[],
    means: readonly number[],
    width: number,
    gaps: number[],
  ): Float32Array {
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
          continue;
        }
        if (Number.isNaN(value)) gaps.push(to);
        out[to++] = Number.isNaN(value) ? (means[at] ?? 0) : value;
      }
    }
    return out;
  }
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
