// Rows of a table from standard input: one, or many, with a line of names or without.
import fs from 'node:fs';
import {
  ArgumentError,
  type CheckedExamples,
  CsvReader,
  examplesFromArrays,
  formOf,
  type ModelSpec,
  TableBuilder,
  type TableForm,
} from 'latentgpu/node';
import type { ExampleSet } from '../data/arrays.js';

const NAME = 'standard input';
const STANDARD_INPUT = 0;

/**
 * @param shape of one example, as the run says
 * @throws FormatError for what is no table of numbers; ArgumentError for rows of another length than the model takes
 */
export function rowsFromInput(
  { inputs }: ModelSpec,
  shape: readonly number[] | undefined,
  table?: TableForm,
): ExampleSet {
  return rowsFromText(fs.readFileSync(STANDARD_INPUT), inputs, shape, table);
}

/** @param table that the model was trained on: its categories and dropped columns are those of the rows */
export function rowsFromText(
  text: Uint8Array,
  inputs: number,
  shape: readonly number[] | undefined,
  table?: TableForm,
): ExampleSet {
  let builder = new TableBuilder(NAME, {});
  let named = false as boolean; // the reader tells it
  const reader = new CsvReader(NAME, {
    columns: (names, hasHeader) => {
      named = hasHeader;
      // Without names a row may have all columns of the table, or the model's features alone.
      if (table && (hasHeader || names.length === table.width)) builder = new TableBuilder(NAME, { like: table });
      builder.columns(names, hasHeader);
    },
    row: (numbers, texts, line) => builder.row(numbers, texts, line),
  });
  reader.push(text);
  reader.end();
  const { features, names } = builder.table();
  const [count = 0, columns = 0] = features.shape;
  if (!named && columns !== inputs)
    throw new ArgumentError(
      `${NAME} has rows of ${columns} numbers, must have the ${inputs} of the model, or a first line with the names of the columns`,
    );
  const image = shape && shape.length > 1 && columns === inputs ? shape : undefined;
  const array = image ? { ...features, shape: [count, ...image] } : features;
  const form = image ? formOf(array, 'hwc') : { shape: [columns], numbers: 'numbers' as const, layout: 'hwc' as const };
  const rows: CheckedExamples = examplesFromArrays(array, undefined, form);
  return { name: NAME, train: rows, test: rows, ...(named && { features: names }) };
}
