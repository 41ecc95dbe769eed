// Columns of a table in the order in which a model knows its features.
import { ArgumentError, type CheckedExamples, countOf, sizeOf } from 'latentgpu/node';
import type { ExampleSet } from '../data/arrays.js';

const SHOWN = 8;

/**
 * The rows with the model's features, by their names where both have any; other columns are left out, and a line says so.
 * @param wanted names of the model's features
 * @throws ArgumentError naming features that the table lacks
 */
export function alignedTo(
  wanted: readonly string[] | undefined,
  rows: CheckedExamples,
  { name, features }: Pick<ExampleSet, 'name' | 'features'>,
  say: (line: string) => void,
): CheckedExamples {
  if (!wanted || !features || wanted.join('\n') === features.join('\n')) return rows;
  const places = wanted.map((feature) => features.indexOf(feature));
  const missing = wanted.filter((_, at) => places[at] === -1);
  if (missing.length === wanted.length && features.length === wanted.length) {
    say(
      `no column has the name of a feature of the model: they are taken by their place, ${shown(features)} for ${shown(wanted)}`,
    );
    return rows;
  }
  if (missing.length > 0)
    throw new ArgumentError(
      `${name} has no column ${shown(missing)}, must have all features of the model: ${shown(wanted)}`,
    );
  const left = features.filter((feature) => !wanted.includes(feature));
  if (left.length > 0) say(`columns that the model does not know are left out: ${shown(left)}`);
  const [count, size] = [countOf(rows), sizeOf(rows)];
  const values = new Float32Array(count * wanted.length);
  for (let row = 0; row < count; row++)
    places.forEach((place, at) => {
      values[row * wanted.length + at] = rows.values[row * size + place] ?? 0;
    });
  return { ...rows, shape: [count, wanted.length], values };
}

const shown = (names: readonly string[]): string =>
  names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '');
