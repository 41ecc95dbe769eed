// Examples from tables: .csv and .tsv, whose rows are images if their columns are pixels, and else rows of features. Read piece by
// piece. Runs in a worker.
import {
  CsvReader,
  type FileLabels,
  pixelColumns,
  type Table,
  TableBuilder,
  type TableForm,
  type TableOptions,
} from 'latentgpu/data';
import type { Part, Parts } from './parts.js';

/** What the page's fields say of columns. */
export interface ColumnOptions {
  label: string;
  drop: readonly string[];
  categorical: readonly string[];
  missing: 'refuse' | 'mean' | 'drop';
}

/**
 * @param files one, or one for training and one for testing by its name
 * @throws Error naming file, line and column of what is no number
 */
export async function fromTables(files: readonly File[], options: ColumnOptions): Promise<Parts> {
  const tests = files.filter(({ name }) => /test/i.test(name));
  const [first, ...others] = files.length > tests.length ? files.filter((file) => !tests.includes(file)) : tests;
  const test = files.length > tests.length ? tests : [];
  if (!first || others.length > 0 || test.length > 1)
    throw new Error(
      `${files.map(({ name }) => name).join(', ')}: choose one table, or one for training and one with "test" in its name`,
    );
  const { part, features, form } = await tableOf(first, options);
  const [second] = test;
  const other = second && (await tableOf(second, options, form));
  return { train: part, ...(other && { test: other.part }), ...(features && { features }), form };
}

interface TablePart {
  part: Part;
  /** Of rows that are no images. */
  features?: readonly string[];
  form: TableForm;
}

async function tableOf(file: File, options: ColumnOptions, like?: TableForm): Promise<TablePart> {
  let images = false;
  let builder: TableBuilder | undefined;
  const reader = new CsvReader(file.name, {
    columns: (names, hasHeader) => {
      const chosen = optionsFor(options, names, hasHeader);
      images = chosen.images;
      builder = new TableBuilder(file.name, { ...chosen.options, ...(like && { like, labelMayLack: true }) });
      builder.columns(names, hasHeader);
    },
    row: (numbers, texts, line) => builder?.row(numbers, texts, line),
  });
  for (const stream = file.stream().getReader(); ; ) {
    const { value, done } = await stream.read();
    if (done) break;
    reader.push(value);
  }
  reader.end();
  if (!builder) throw new Error(`${file.name} has no columns`);
  const table = builder.table();
  const { features, names, form, gaps } = table;
  const [count = 0, width = 0] = features.shape;
  const side = Math.sqrt(width);
  const labels = labelsOf(table);
  const examples = images ? { ...features, shape: [count, side, side] } : features;
  return {
    part: { examples, ...(labels && { labels }), ...(gaps?.length && { gaps }) },
    ...(!images && { features: names }),
    form,
  };
}

function optionsFor(
  { label, drop, categorical, missing }: ColumnOptions,
  names: readonly string[],
  hasHeader: boolean,
) {
  const given: TableOptions = {
    ...(label !== '' && { labelColumn: label }),
    ...(drop.length > 0 && { drop }),
    ...(categorical.length > 0 && { categorical }),
    missing,
  };
  // Fields that say what columns are leave no room for guesses, but for that of the label, which pixels have beside them.
  if (given.drop || given.categorical) return { options: given, images: false };
  const guessed = pixelColumns(names, hasHeader, label === '' ? undefined : label);
  return { options: { ...guessed.options, ...given }, images: guessed.images };
}

const labelsOf = ({ labels, classes = [] }: Table): FileLabels | undefined => labels && { ...labels, names: classes };
