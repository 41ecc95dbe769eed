// Data for a model that is there: read as the data of its run were, so that columns, categories and classes are the same.
import type { KnownClasses, KnownNumbers } from 'latentgpu/node';
import type { LoadOptions } from '../data/data.js';
import { type ReadingOptions, readingOf } from '../options/reading-options.js';
import type { StoredRun } from './read-run.js';

/** What the numbers of a model's data are: a model that scales takes no bytes as pixels. */
export const knownNumbers = ({ spec, numbers }: Pick<StoredRun, 'spec' | 'numbers'>): KnownNumbers | undefined =>
  spec.scaling ? 'scaled' : numbers;

/** How the run's data, or those that --data names instead, are read: as the run's, but for what flags say. */
export function readAsRun(
  options: ReadingOptions & { data?: string },
  run: Pick<StoredRun, 'spec' | 'data' | 'reading' | 'table' | 'pixelTable' | 'classes' | 'labelled' | 'numbers'>,
): LoadOptions {
  const { reading: inherited, table, pixelTable, classes } = run;
  const given = readingOf(options);
  if (options.data === undefined || run.data === undefined) {
    // What is missing is what it was in training: the means of the rows that the run was trained on.
    const means = { ...(table && { table }), ...(pixelTable && { pixelTable }) };
    const filled = inherited?.missing === 'mean' && !given.drop && !given.categorical && !given.missing;
    return { ...given, inherited, ...(filled && (table ?? pixelTable) && { known: means }) };
  }
  // Flags that say what columns are read another table than the run's.
  const own = given.drop ?? given.categorical;
  // Labels are the run's where it had any; one that was trained on none has nothing to say of them.
  const told = run.labelled || run.spec.classes !== undefined;
  const numbered: KnownClasses | undefined = classes ?? (told ? 'numbers' : undefined);
  const numbers = knownNumbers(run);
  const known = {
    ...(numbered && { classes: numbered }),
    ...(table && !own && { table }),
    ...(pixelTable && !own && { pixelTable }),
    ...(numbers && { numbers }),
  };
  return { ...given, inherited, known };
}
