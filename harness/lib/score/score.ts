// What harness/score.js does around `model.scores`: which rows, which score orders them, and what is left in the folder.
import {
  ArgumentError,
  type CheckedExamples,
  countOf,
  type LabelOptions,
  type Model,
  type ModelSpec,
  reconstructionTerm,
  type Scores,
  sizeOf,
  sizeText,
} from 'latentgpu/node';
import type { ExampleSet } from '../data/arrays.js';
import { csvText, f32Text } from '../data/csv-text.js';
import { type DataListener, loadData } from '../data/data.js';
import { describeExamples, imageSizeOf } from '../data/examples.js';
import { labelsFor } from '../generate/labels.js';
import { SAMPLES, type ScoreName, type ScoreProgramOptions } from '../options/score-options.js';
import { encodeNpy } from '../plots/npy.js';
import { featureNames } from '../report/features.js';
import { figures } from '../report/losses.js';
import { readAsRun } from '../run-folder/read-as-run.js';
import type { StoredRun } from '../run-folder/read-run.js';
import type { Results } from '../run-folder/results.js';
import { alignedTo } from './align.js';
import { rowsFromInput } from './standard-input.js';
import type { FoundThreshold } from './threshold.js';

/** Rows and what became of them. */
export interface Scored {
  model: Model;
  rows: CheckedExamples;
  /** Which row of the file each is, from 0: some may have been left out. */
  fileRow: (row: number) => number;
  /** Of vectors: what each number is called. */
  features: readonly string[];
  /** What the rows' classes are called. */
  classes: readonly string[];
  scores: Scores;
  /** Which of the scores rows are ordered by. */
  by: ScoreName;
  threshold: FoundThreshold | undefined;
  options: ScoreProgramOptions;
}

/**
 * The rows that are to be scored: of data with a test set its rows, else all.
 * @throws ArgumentError if they are not what the model takes; as loadData
 */
export async function loadRows(options: ScoreProgramOptions, run: StoredRun, listener: DataListener) {
  const { spec } = run;
  const say = (line: string) => listener.say(line);
  let set: ExampleSet;
  if (options.data === '-') set = rowsFromInput(options, run, say);
  else {
    const { dataset, from } = await loadData(options.data, listener, { ...readAsRun(options, run), keepWhole: true });
    const { test } = dataset;
    say(`data      ${dataset.name} (${from}): ${countOf(test).toLocaleString('en-US')} ${describeExamples(test)}`);
    set = dataset;
  }
  const { name, test, features, classes, fileRows } = set;
  const rows = alignedTo(run.features, test, set, say);
  if (sizeOf(rows) !== spec.inputs)
    throw new ArgumentError(
      `${name} has ${imageSizeOf(rows) ? 'images' : 'rows'} of ${sizeText(rows)}, must have ${spec.inputs} as the model`,
    );
  if (spec.scaling && rows.values instanceof Uint8Array)
    throw new ArgumentError(`${name} has images of bytes, must have numbers as the data that the model was trained on`);
  if (spec.classes !== undefined && !rows.labels)
    throw new ArgumentError(
      `${name} has no labels, must have them: this model is conditional (${spec.classes} classes)`,
    );
  return {
    rows,
    fileRow: (row: number) => fileRows?.[row] ?? row,
    features: featureNames(spec.inputs, run.features ?? features),
    classes: classes ?? [],
  };
}

/** By what rows are ordered. @throws ArgumentError for a term that the model's loss has not */
export function orderOf({ by, iwae }: ScoreProgramOptions, spec: ModelSpec): ScoreName {
  const { code, loss } = spec;
  const own: ScoreName[] = ['loss', reconstructionTerm(spec), ...(code.kind === 'gaussian' ? ['kl' as const] : [])];
  if (loss.l1 !== undefined) own.push('l1');
  if (code.kind === 'quantized') own.push('commitment');
  if (iwae !== undefined) own.push('iwae');
  const { [own.length - 1]: last = 'loss' } = own;
  const chosen = by ?? (iwae === undefined ? 'loss' : last);
  if (!own.includes(chosen))
    throw new ArgumentError(`--by ${chosen}: this model's rows have no such score, must be one of ${own.join(', ')}`);
  return chosen;
}

/** The scores of rows, as the options want them. */
export function scorerOf(model: Model, { samples, iwae, seed }: ScoreProgramOptions) {
  const draws =
    model.spec.code.kind === 'gaussian' ? { samples: samples ?? SAMPLES } : samples === undefined ? {} : { samples };
  return (values: CheckedExamples['values'], labels: LabelOptions): Promise<Scores> =>
    model.scores(values, { ...draws, ...(iwae !== undefined && { iwae }), seed, ...labels, terms: true });
}

/** What rows are ordered by. What is no number has overflowed: nothing is odder. */
export const scoresBy = (scores: Scores, by: ScoreName): Float32Array =>
  (scores[by] ?? scores.loss).map((score) => (Number.isNaN(score) ? Number.POSITIVE_INFINITY : score));

/** A line for each row. */
export function scoresCsv({ rows, fileRow, scores, by, threshold, classes }: Scored): string {
  const terms = Object.keys(scores).filter((name) => name === 'loss' || scores[name as ScoreName] !== undefined);
  const order = scoresBy(scores, by);
  const { labels } = rows;
  const names = ['row', ...terms, ...(threshold ? ['odd'] : []), ...(labels ? ['label'] : [])];
  const lines = Array.from({ length: countOf(rows) }, (_, row) => [
    String(fileRow(row)),
    ...terms.map((term) => f32Text(scores[term as ScoreName]?.[row] ?? Number.NaN)),
    ...(threshold ? [String(Number((order[row] ?? 0) >= threshold.value))] : []),
    ...(labels ? [className(labels[row] ?? 0, classes)] : []),
  ]);
  return csvText(names, lines);
}

export const className = (label: number, classes: readonly string[]): string => classes[label] ?? String(label);

/** The numbers for other programs. */
export function writeScores(scored: Scored, results: Results): void {
  const { scores, by, rows, threshold } = scored;
  const order = scoresBy(scores, by);
  const told = threshold ? `; odd: from ${figures(threshold.value)} on` : '';
  results.write('scores.csv', scoresCsv(scored), `each row's loss and its terms${told}`);
  results.write('scores.npy', encodeNpy(order, [countOf(rows)]), `${by} alone, float32 [${countOf(rows)}]`);
}

/** "threshold 12.3 (the 0.99 quantile of ...): 41 of 2,000 rows are odd" */
export function thresholdText({ scores, by, threshold }: Scored): string {
  const order = scoresBy(scores, by);
  const odd = order.reduce((count, score) => count + Number(score >= (threshold?.value ?? 0)), 0);
  const number = (value: number) => value.toLocaleString('en-US');
  return `threshold ${figures(threshold?.value ?? 0)} (${threshold?.why}): ${number(odd)} of ${number(order.length)} rows are odd`;
}

export const labelsOf = (model: Model, rows: CheckedExamples): LabelOptions => labelsFor(model.spec, rows.labels);
