// From which score on a row is called odd: a number, or a quantile of the scores of rows that the run has held out.
import { ArgumentError, type LabelOptions, type Model, numbersOf, quantile } from 'latentgpu/node';
import type { ExampleSet } from '../data/arrays.js';
import { chooseImages, type DataListener, loadData } from '../data/data.js';
import { labelsFor } from '../generate/labels.js';
import type { Threshold } from '../options/score-options.js';
import { splitImages } from '../run/begin.js';
import type { StoredRun } from '../run-folder/read-run.js';

export interface FoundThreshold {
  value: number;
  /** What it is, for a person. */
  why: string;
}

/** Scores rows as those of the data are scored. */
export type ScoreRows = (values: Float32Array, labels: LabelOptions) => Promise<Float32Array>;

/**
 * @throws ArgumentError if the run's data are not to be had; as loadData
 */
export async function findThreshold(
  threshold: Threshold,
  run: StoredRun,
  model: Model,
  score: ScoreRows,
  listener: DataListener,
): Promise<FoundThreshold> {
  if ('value' in threshold) return { value: threshold.value, why: 'as given' };
  // What is to be said of the run's data was said in training; here it would seem to be of the rows that are scored.
  const { set, which } = await heldOut(run, {
    say() {},
    download: (file, received, total) => listener.download(file, received, total),
  });
  const rows = which === 'validation' && set.validation ? set.validation : set.test;
  const scores = await score(numbersOf(rows), labelsFor(model.spec, rows.labels));
  const value = quantile(Float64Array.from(scores).sort(), threshold.quantile);
  return {
    value,
    why: `the ${threshold.quantile} quantile of the scores of ${scores.length.toLocaleString('en-US')} ${which} rows of ${set.name}`,
  };
}

/** Rows that the model was not trained on. */
async function heldOut(
  run: StoredRun,
  listener: DataListener,
): Promise<{ set: ExampleSet; which: 'validation' | 'test' }> {
  if (run.data === undefined)
    throw new ArgumentError(
      `--threshold quantile: ${run.source.model} does not name the run's data, whose held-out rows it is of; give a number, for example --threshold 12.5`,
    );
  const { dataset } = await loadData(run.data, listener, { inherited: run.reading });
  const set = splitImages(chooseImages(dataset, run.heldOut, listener), run.heldOut);
  return { set, which: set.validation ? 'validation' : 'test' };
}
