// Missing values of a table as means of their columns over the rows that a model is trained on: rows that are held out for
// testing or validation say nothing of them. Where values are missing is kept beside the rows while these are split.
import { FormatError } from '../../errors.js';
import type { TableForm } from './table-columns.js';

/** Where values are missing in [rows, width] of numbers: row * width + column, in this order. */
export type Gaps = Uint32Array;

/** Rows of which some values are missing. */
export interface GappedRows {
  /** [rows, width]; what stands in a gap means nothing until it is filled. */
  values: Float32Array | Uint8Array;
  /** Which. */
  gaps: Gaps;
}

/** Of the rows that are chosen, in the order of these. */
export function chosenGaps(gaps: Gaps, width: number, rows: readonly number[]): Gaps {
  if (gaps.length === 0) return gaps;
  const of = new Map<number, number[]>();
  for (const gap of gaps) {
    const row = Math.floor(gap / width);
    of.set(row, [...(of.get(row) ?? []), gap % width]);
  }
  return Uint32Array.from(rows.flatMap((row, place) => of.get(row)?.map((column) => place * width + column) ?? []));
}

/**
 * Fills the gaps of all parts, in place, with the means of the training rows; of bytes, rounded.
 * @param name what to call the table in an error
 * @returns the form with these means
 * @throws FormatError naming a column that has no value in any training row
 */
export function fillGaps(train: GappedRows, others: readonly GappedRows[], form: TableForm, name: string): TableForm {
  const owners = form.columns.flatMap((column) => Array(column.categories?.length ?? 1).fill(column.name) as string[]);
  const width = owners.length;
  const exact = meansOf(train, width);
  const means = train.values instanceof Uint8Array ? exact.map(Math.round) : exact;
  for (const { values, gaps } of [train, ...others])
    for (const gap of gaps) {
      const mean = means[gap % width] ?? Number.NaN;
      if (Number.isNaN(mean))
        throw new FormatError(
          `${name}: column "${owners[gap % width]}" has no value in any training row, must have one at least to have a mean: leave it out (--drop), or hold fewer rows out`,
        );
      values[gap] = mean;
    }
  let feature = 0;
  const columns = form.columns.map((column) => {
    const mean = means[feature] ?? Number.NaN;
    feature += column.categories?.length ?? 1;
    return column.categories || Number.isNaN(mean) ? column : { ...column, mean };
  });
  return { ...form, columns };
}

/** Of each column over the rows that have a value; NaN where none has. */
function meansOf({ values, gaps }: GappedRows, width: number): Float64Array {
  const [sums, counts] = [new Float64Array(width), new Float64Array(width)];
  let next = 0;
  for (let at = 0; at < values.length; at++) {
    if (at === gaps[next]) {
      next++;
      continue;
    }
    sums[at % width] = (sums[at % width] ?? 0) + (values[at] ?? 0);
    counts[at % width] = (counts[at % width] ?? 0) + 1;
  }
  return sums.map((sum, column) => sum / (counts[column] ?? 0));
}
