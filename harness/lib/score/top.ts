// The oddest rows: as images beside what the model makes of them, or as a table of the features that contribute most.
import { chosenExamples, numbersOf } from 'latentgpu/node';
import { csvText, f32Text } from '../data/csv-text.js';
import { imageSizeOf } from '../data/examples.js';
import { labelsFor } from '../generate/labels.js';
import { shadesOf } from '../plots/shades.js';
import { drawSheet, wrapRows } from '../plots/sheet.js';
import { figures } from '../report/losses.js';
import type { Results } from '../run-folder/results.js';
import { contributions } from './contributions.js';
import { className, type Scored, scoresBy } from './score.js';

/** Features told of a row. */
const FEATURES = 5;
const ACROSS = 12;

/** The rows of the highest scores, the highest first. */
export function oddest(scores: Float32Array, most: number): number[] {
  return [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0)).slice(0, most);
}

export async function writeTop(scored: Scored, results: Results, say: (line: string) => void): Promise<void> {
  const { model, rows, fileRow, features, classes, scores, by, options } = scored;
  const { spec } = model;
  const order = scoresBy(scores, by);
  const top = oddest(order, options.top);
  const chosen = chosenExamples(rows, top);
  const values = numbersOf(chosen);
  const made = await model.reconstruct(values, labelsFor(spec, chosen.labels));
  const size = imageSizeOf(rows);
  if (size) {
    const sheet = [
      { label: 'row', images: shadesOf(spec)(values) },
      { label: 'decoded', images: shadesOf(spec)(made) },
    ];
    const named = top.slice(0, 3).map((row) => `${fileRow(row)} (${figures(order[row] ?? 0)})`);
    results.write(
      'top.png',
      drawSheet({
        ...size,
        title: `the ${top.length} of the highest ${by}`,
        rows: wrapRows(sheet, spec.inputs, ACROSS),
      }),
      `the oddest rows above what the model makes of them: ${named.join(', ')}...`,
    );
    return;
  }
  const parts = top.map((_, at) => {
    const own = (of: Float32Array) => of.subarray(at * spec.inputs, (at + 1) * spec.inputs);
    return contributions(spec, own(values), own(made), features, FEATURES);
  });
  const names = ['rank', 'row', by, ...(rows.labels ? ['label'] : []), 'feature', 'value', 'expected', 'share'];
  const lines = top.flatMap((row, at) =>
    (parts[at] ?? []).map(({ feature, value, expected, share }) => [
      String(at + 1),
      String(fileRow(row)),
      f32Text(order[row] ?? 0),
      ...(rows.labels ? [className(rows.labels[row] ?? 0, classes)] : []),
      feature,
      f32Text(value),
      f32Text(expected),
      share.toFixed(3),
    ]),
  );
  results.write(
    'top.csv',
    csvText(names, lines),
    `the ${top.length} oddest rows, with the features that contribute most`,
  );
  const [first = []] = parts;
  const told = first
    .slice(0, 3)
    .map(({ feature, value, expected }) => `${feature} ${figures(value)} instead of about ${figures(expected)}`);
  say(`oddest    row ${fileRow(top[0] ?? 0)} (from 0): ${by} ${figures(order[top[0] ?? 0] ?? 0)}; ${told.join(', ')}`);
}
