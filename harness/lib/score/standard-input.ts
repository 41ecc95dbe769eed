// Rows of a table from standard input: one, or many, with a line of names or without; read by the same flags as a file, and as
// the data of the run were.
import fs from 'node:fs';
import { ArgumentError, CsvReader, pixelColumns, TableBuilder, type TableOptions } from 'latentgpu/node';
import { datasetOf, type ExampleSet } from '../data/arrays.js';
import { columnOptions, droppedText, tableLabels } from '../data/tables.js';
import { checkReading, type ReadingOptions, readingFor, readingOf } from '../options/reading-options.js';
import { knownNumbers, readAsRun } from '../run-folder/read-as-run.js';
import type { StoredRun } from '../run-folder/read-run.js';

const NAME = 'standard input';
const STANDARD_INPUT = 0;

/** What rows are read by: flags, and the run. */
export type InputRun = Pick<
  StoredRun,
  'spec' | 'shape' | 'data' | 'reading' | 'table' | 'pixelTable' | 'classes' | 'labelled' | 'numbers'
>;

/**
 * @param say told of rows that are left out
 * @throws FormatError for what is no table of numbers; ArgumentError for rows of another length than the model takes, or a flag
 *   that means nothing for a table
 */
export function rowsFromInput(options: ReadingOptions, run: InputRun, say: (line: string) => void): ExampleSet {
  return rowsFromText(fs.readFileSync(STANDARD_INPUT), options, run, say);
}

export function rowsFromText(
  text: Uint8Array,
  options: ReadingOptions,
  run: InputRun,
  say: (line: string) => void,
): ExampleSet {
  const given = readingOf(options);
  checkReading('table', given, '--data - is a table');
  const { inherited = {}, known } = readAsRun({ ...given, data: '-' }, run);
  const { inputs } = run.spec;
  const image = run.shape && run.shape.length > 1 ? run.shape : undefined;
  let builder = new TableBuilder(NAME, {});
  let named = false as boolean; // the reader tells it
  const reader = new CsvReader(NAME, {
    columns: (names, hasHeader) => {
      named = hasHeader;
      builder = new TableBuilder(NAME, optionsFor(names, hasHeader));
      builder.columns(names, hasHeader);
    },
    row: (numbers, texts, line) => builder.row(numbers, texts, line),
  });
  const optionsFor = (names: readonly string[], hasHeader: boolean): TableOptions => {
    const reading = { ...readingFor('table', inherited), ...given };
    const like = known?.table ?? (reading.missing === 'mean' ? known?.pixelTable : undefined);
    const labelMayLack = given['label-column'] === undefined;
    // Without names a row may have all columns of the table, or the model's features alone.
    if (like && (hasHeader || names.length === like.width || names.length === like.columns.length))
      return { ...columnOptions(reading), labelMayLack, like };
    const { missing } = reading;
    const flags = columnOptions(given);
    if (!hasHeader && names.length === inputs && Object.keys(flags).every((name) => name === 'missing'))
      return { labelColumn: false, ...(missing && { missing }) };
    const guessed = image ? pixelColumns(names, hasHeader, reading['label-column']).options : {};
    return { ...guessed, ...columnOptions(reading), labelMayLack };
  };
  reader.push(text);
  reader.end();
  const table = builder.table();
  const { features, names, fileRows, dropped } = table;
  const [count = 0, columns = 0] = features.shape;
  if (!named && columns !== inputs)
    throw new ArgumentError(
      `${NAME} has rows of ${columns} numbers, must have the ${inputs} of the model, or a first line with the names of the columns`,
    );
  if (dropped > 0) say(droppedText(NAME, dropped));
  const isImage = image !== undefined && columns === inputs;
  const labels = tableLabels(table, NAME);
  const numbers = isImage ? knownNumbers(run) : 'numbers';
  return datasetOf(
    { name: NAME, place: NAME, layout: 'hwc', keepWhole: true, classes: known?.classes, numbers },
    {
      train: {
        examples: isImage ? { ...features, shape: [count, ...image] } : features,
        ...(labels && { labels }),
        ...(fileRows && { fileRows }),
      },
      ...(named && { features: names }),
    },
    say,
  );
}
