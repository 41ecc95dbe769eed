// How scores are spread, and, where it is known which rows are odd, how well they tell them from the others.
import { ArgumentError } from 'latentgpu/node';
import { histogramPlot } from '../plots/histogram-plot.js';
import { rankingPlot } from '../plots/ranking-plot.js';
import type { Results } from '../run-folder/results.js';
import { rank } from './ranking.js';
import { className, type Scored, scoresBy } from './score.js';

/**
 * Which classes are odd: those that --odd names, else, of classes that are numbers from 0, all but the first. Undefined: nobody says.
 * @throws ArgumentError for a name that no class has, or for data without labels
 */
export function oddClasses({ rows, classes, options }: Pick<Scored, 'rows' | 'classes' | 'options'>) {
  const { labels } = rows;
  if (!labels) {
    if (options.odd === undefined) return undefined;
    throw new ArgumentError(
      `--odd ${options.odd}: these data have no labels; leave --odd out, or name their column with --label-column`,
    );
  }
  const there = [...new Set(labels)].sort((a, b) => a - b);
  const names = new Map(there.map((label) => [className(label, classes), label]));
  const asked = options.odd?.map((name) => {
    const label = names.get(name);
    if (label !== undefined) return label;
    throw new ArgumentError(`--odd ${name}: no row is of that class, must be one of ${[...names.keys()].join(', ')}`);
  });
  if (!asked && classes.length > 0) return undefined;
  return new Set(asked ?? there.filter((label) => label !== 0));
}

export async function writeSpread(scored: Scored, results: Results, say: (line: string) => void): Promise<void> {
  const { rows, scores, by, threshold } = scored;
  const order = scoresBy(scores, by);
  const odd = oddClasses(scored);
  const isOdd = odd && ((row: number) => odd.has(rows.labels?.[row] ?? 0));
  const ranking = isOdd && rank(order, isOdd);
  results.write(
    'histogram.svg',
    await histogramPlot(order, {
      title: 'Scores',
      name: by,
      ...(threshold && { threshold: threshold.value }),
      ...(ranking && { isOdd }),
    }),
    'how the scores are spread',
  );
  if (!odd || !isOdd) {
    if (rows.labels)
      say(`ranking.svg is not made: which classes are odd? Name them, for example --odd ${scored.classes[0]}`);
    return;
  }
  const told = [...odd].map((label) => className(label, scored.classes)).join(', ');
  if (!ranking) return say('ranking.svg is not made: all rows are of one kind');
  const { rocAuc, averagePrecision } = ranking;
  results.write(
    'ranking.svg',
    await rankingPlot(ranking, `How well ${by} tells odd rows`),
    `ROC-AUC ${rocAuc.toFixed(4)}, average precision ${averagePrecision.toFixed(4)}; ${ranking.odd} odd rows (class ${told}), ${ranking.others} others`,
  );
}
