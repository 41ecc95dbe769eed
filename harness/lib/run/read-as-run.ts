// Data for a model that is there: read as the data of its run were, so that columns, categories and classes are the same.
import type { LoadOptions } from '../data/data.js';
import { type ReadingOptions, readingOf } from '../options/reading-options.js';
import type { StoredRun } from './read-run.js';

/** How the run's data, or those that --data names instead, are read: as the run's, but for what flags say. */
export function readAsRun(options: ReadingOptions & { data?: string }, run: StoredRun): LoadOptions {
  const { reading: inherited, table, classes } = run;
  const given = readingOf(options);
  if (options.data === undefined || run.data === undefined) return { ...given, inherited };
  // Flags that say what columns are read another table than the run's.
  const own = given.drop ?? given.categorical;
  return { ...given, inherited, known: { classes: classes ?? 'numbers', ...(table && !own && { table }) } };
}
