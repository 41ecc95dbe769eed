// Rows of a table as numbers to train on: which columns are features, labels, categories or nothing, and what becomes of missing
// values. Rows are taken one by one as they are read; nothing is kept but the numbers.
import { ArgumentError, FormatError } from '../errors.js';
import type { RowListener } from './csv.js';
import type { HostArray } from './elements.js';

export interface TableOptions {
  /** The class of each row: a column's name, or its number from 1. "label" by default, where there is one; false: none. */
  labelColumn?: string | number | false;
  /** Columns that are left out, by name or number from 1. */
  drop?: readonly (string | number)[];
  /** Columns whose values are categories: one-hot, in the order of their names. */
  categorical?: readonly (string | number)[];
  /** What becomes of an empty field, NA, NaN, null or ?: refuse (default), the column's mean, or drop the row. */
  missing?: 'refuse' | 'mean' | 'drop';
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
}

const DEFAULT_LABEL = 'label';
const MISSING = new Set(['', 'na', 'nan', 'null', 'none', '?']);
/** Numbers of a block of rows: the whole is put together once, at the end. */
const BLOCK = 2 ** 20;

type Kind = 'feature' | 'label' | 'category' | 'dropped';

export class TableBuilder implements RowListener {
  private names: string[] = [];
  private kinds: Kind[] = [];
  /** Columns that are stored, in the table's order. */
  private stored: number[] = [];
  private readonly blocks: Float32Array[] = [];
  private rows = 0;
  private dropped = 0;
  private readonly labels: number[] = [];
  private readonly classes = new Map<string, number>();
  private readonly categories = new Map<number, Map<string, number>>();
  private sums = new Float64Array(0);
  private counts = new Float64Array(0);
  private readonly missing: Required<TableOptions>['missing'];

  /** @param name what to call the file in an error */
  constructor(
    private readonly name: string,
    private readonly options: TableOptions = {},
  ) {
    this.missing = options.missing ?? 'refuse';
  }

  columns(names: string[], hasHeader: boolean): void {
    const { labelColumn, drop = [], categorical = [] } = this.options;
    this.names = names;
    const label = labelColumn === undefined ? names.findIndex((name) => name.toLowerCase() === DEFAULT_LABEL) : -1;
    const wanted = labelColumn === undefined || labelColumn === false ? label : this.indexOf(labelColumn, hasHeader);
    const dropped = drop.map((column) => this.indexOf(column, hasHeader));
    const categories = categorical.map((column) => this.indexOf(column, hasHeader));
    this.kinds = names.map((_, index) =>
      dropped.includes(index)
        ? 'dropped'
        : index === wanted
          ? 'label'
          : categories.includes(index)
            ? 'category'
            : 'feature',
    );
    this.stored = names.flatMap((_, index) =>
      ['feature', 'category'].includes(this.kinds[index] ?? '') ? [index] : [],
    );
    if (this.stored.length === 0)
      throw new ArgumentError(`${this.name} has no column left to train on: ${names.join(', ')}`);
    for (const index of categories) this.categories.set(index, new Map());
    this.sums = new Float64Array(this.stored.length);
    this.counts = new Float64Array(this.stored.length);
  }

  private indexOf(column: string | number, hasHeader: boolean): number {
    const number = typeof column === 'number' ? column : /^\d+$/.test(column) ? Number(column) : Number.NaN;
    const byName = this.names.indexOf(String(column));
    if (byName >= 0) return byName;
    if (number >= 1 && number <= this.names.length) return number - 1;
    const known = hasHeader
      ? `its columns are ${this.names.slice(0, 12).join(', ')}${this.names.length > 12 ? ', ...' : ''}`
      : 'its first line has no names';
    throw new ArgumentError(
      `${this.name} has no column "${column}": ${known}; name one of them, or give its number, 1 to ${this.names.length}`,
    );
  }

  row(numbers: Float64Array, texts: (string | undefined)[], line: number): void {
    const row = this.space();
    for (let at = 0; at < this.stored.length; at++) {
      const column = this.stored[at] ?? 0;
      const text = texts[column];
      if (text !== undefined && MISSING.has(text.toLowerCase())) {
        if (this.missing === 'drop') {
          this.dropped++;
          return;
        }
        if (this.missing === 'refuse' || this.kinds[column] === 'category')
          throw this.fault(line, column, 'is missing');
        row[at] = Number.NaN;
        continue;
      }
      const value =
        this.kinds[column] === 'category' ? this.category(column, text ?? String(numbers[column])) : numbers[column];
      if (value === undefined || !Number.isFinite(value))
        throw this.fault(line, column, `is "${text ?? numbers[column]}"`);
      row[at] = value;
    }
    const label = this.kinds.indexOf('label');
    if (label >= 0) {
      const text = texts[label] ?? String(numbers[label]);
      if (MISSING.has(text.toLowerCase())) {
        if (this.missing !== 'drop') throw this.fault(line, label, 'is missing');
        this.dropped++;
        return;
      }
      this.labels.push(codeOf(this.classes, text));
    }
    if (this.missing === 'mean') this.addUp(row);
    this.rows++;
  }

  /** For the means of what is missing. */
  private addUp(row: Float32Array): void {
    row.forEach((value, at) => {
      if (Number.isNaN(value)) return;
      this.sums[at] = (this.sums[at] ?? 0) + value;
      this.counts[at] = (this.counts[at] ?? 0) + 1;
    });
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

  private category(column: number, text: string): number {
    return codeOf(this.categories.get(column) ?? new Map(), text);
  }

  private fault(line: number, column: number, what: string): FormatError {
    const remedy =
      what === 'is missing'
        ? "fill it in, or read the table with missing: 'mean' or 'drop'"
        : 'must be a number: leave the column out (drop), or take it as categories (categorical)';
    return new FormatError(`${this.name}: line ${line}, column "${this.names[column]}" ${what}; ${remedy}`);
  }

  /** @throws FormatError if there is no row */
  table(): Table {
    if (this.rows === 0)
      throw new FormatError(
        `${this.name} has no row${this.dropped > 0 ? ` without missing values (${this.dropped} with)` : ''}`,
      );
    const orders = new Map([...this.categories].map(([column, codes]) => [column, ordered(codes)]));
    const names = this.stored.flatMap((column) =>
      (orders.get(column)?.names ?? [undefined]).map((value) =>
        value === undefined ? (this.names[column] ?? '') : `${this.names[column]}=${value}`,
      ),
    );
    const features = { name: this.name, shape: [this.rows, names.length], values: this.expanded(orders, names.length) };
    const classes = ordered(this.classes);
    const labels = Float64Array.from(this.labels, (code) => classes.place[code] ?? 0);
    return {
      features,
      names,
      dropped: this.dropped,
      ...(this.kinds.includes('label') && {
        labels: { name: `${this.name}: labels`, shape: [this.rows], values: labels },
        classes: classes.names,
      }),
    };
  }

  private expanded(orders: ReadonlyMap<number, Order>, width: number): Float32Array {
    const out = new Float32Array(this.rows * width);
    const stored = this.stored.length;
    const perBlock = rowsPerBlock(stored);
    const means = this.sums.map((sum, at) => sum / (this.counts[at] || 1));
    let to = 0;
    for (let row = 0; row < this.rows; row++) {
      const block = this.blocks[Math.floor(row / perBlock)];
      const from = (row % perBlock) * stored;
      for (let at = 0; at < stored; at++) {
        const value = block?.[from + at] ?? Number.NaN;
        const order = orders.get(this.stored[at] ?? -1);
        if (order) {
          out[to + (order.place[value] ?? 0)] = 1;
          to += order.names.length;
        } else out[to++] = Number.isNaN(value) ? (means[at] ?? 0) : value;
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

/** Numbers by size, then texts by the alphabet: the same whatever order the rows have. */
function ordered(codes: ReadonlyMap<string, number>): Order {
  const names = [...codes.keys()].sort((a, b) => {
    const [x, y] = [Number(a), Number(b)];
    if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return Number.isNaN(x) ? (a < b ? -1 : 1) : x - y;
  });
  const place: number[] = [];
  names.forEach((name, index) => {
    place[codes.get(name) ?? 0] = index;
  });
  return { names, place };
}
