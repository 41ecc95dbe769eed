// Which columns of a table count: features, labels, categories, or nothing; found by name or number, or as another table has
// them. What becomes of their values is table.ts's business.
import { ArgumentError } from '../../errors.js';

/** What the columns of a table mean. */
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
  /** Whether its first line names the columns. */
  hasHeader: boolean;
}

/** A column of a table that is a feature, or of its labels. */
export interface TableColumn {
  /** As the file has it, or "column N". */
  name: string;
  /** In the table, from 1. */
  number: number;
  /** Of one-hot categories, in their order. */
  categories?: string[];
  /** Of numbers, over the rows that have one: what stands for a missing value. */
  mean?: number;
}

const DEFAULT_LABEL = 'label';
/** Names or categories in an error. */
export const SHOWN = 12;

/** A column whose values are kept. */
export interface Stored {
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

export class TableColumns {
  /** Those whose values are kept. */
  readonly stored: Stored[];
  /** Where the label is; -1 if there is none. */
  readonly label: number;

  /**
   * @param table what to call the file in an error
   * @param names of all its columns
   * @throws ArgumentError naming a column that is not there
   */
  constructor(
    private readonly table: string,
    private readonly options: TableOptions,
    readonly names: readonly string[],
    readonly hasHeader: boolean,
  ) {
    const { like } = options;
    this.label = this.labelIndex(like);
    this.stored = like ? like.columns.map((column) => this.storedLike(column, like)) : this.storedHere();
    if (this.stored.length === 0)
      throw new ArgumentError(`${table} has no column left to train on: ${names.join(', ')}`);
  }

  /** A column as a flag takes it: its name, or its number where it has none, or one that a flag cannot hold. */
  numberText(index: number): string {
    const name = this.names[index] ?? '';
    return this.hasHeader && !/[,\s"']/.test(name) ? name : String(index + 1);
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
        `${this.table}: column "${this.names[twice]}" is to be categories and ${twice === this.label ? 'the label' : 'left out'}, must be one of them`,
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
          `${this.table} has two columns "${name}", numbers ${other + 1} and ${index + 1}, must have one of each name: rename one, or leave one out by its number (--drop ${index + 1})`,
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
          ? `${this.table} has no column "${name}", must have the ${like.columns.length} columns of the training table: ${this.known()}`
          : `${this.table} has ${this.names.length} columns, must have the ${like.width} of the training table, or name them in its first line`,
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
        `${this.table} has ${same.length} columns "${name}", numbers ${same.join(' and ')}, must have one as the training table: rename the others`,
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
        `${this.table} has ${same.length} columns "${column}", numbers ${same.join(' and ')}: give the number of the one that is meant`,
      );
    if (index >= 0) return index;
    throw new ArgumentError(
      `${this.table} has no column "${column}": ${this.known()}; name one of them, or give its number, 1 to ${this.names.length}`,
    );
  }

  /** What columns there are, for an error. */
  private known(): string {
    const shown = this.names.slice(0, SHOWN).join(', ') + (this.names.length > SHOWN ? ', ...' : '');
    return this.hasHeader ? `its columns are ${shown}` : 'its first line has no names';
  }
}

/** By name, else by number from 1; -1 if there is none. */
export function columnIndex(names: readonly string[], column: string | number): number {
  const byName = typeof column === 'number' ? -1 : names.indexOf(column);
  if (byName >= 0) return byName;
  const number = typeof column === 'number' ? column : /^\d+$/.test(column) ? Number(column) : Number.NaN;
  return Number.isInteger(number) && number >= 1 && number <= names.length ? number - 1 : -1;
}
