// What score.js computes beside the library's scores (harness/lib/score): rankings, the features that contribute, columns in the
// model's order, rows of standard input; and its pictures say what they show.
import { ae, type CheckedExamples } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { csvText, f32Text, numbersCsv } from '../../../harness/lib/data/csv-text.js';
import type { ReadingOptions } from '../../../harness/lib/options/reading-options.js';
import { readScoreOptions } from '../../../harness/lib/options/score-options.js';
import { featuresPlot } from '../../../harness/lib/plots/features-plot.js';
import { histogramPlot } from '../../../harness/lib/plots/histogram-plot.js';
import { rankingPlot } from '../../../harness/lib/plots/ranking-plot.js';
import { featureErrors, featureText } from '../../../harness/lib/report/features.js';
import { alignedTo } from '../../../harness/lib/score/align.js';
import { contributions } from '../../../harness/lib/score/contributions.js';
import { rank } from '../../../harness/lib/score/ranking.js';
import { orderOf, scoresBy } from '../../../harness/lib/score/score.js';
import { oddClasses } from '../../../harness/lib/score/spread.js';
import { type InputRun, rowsFromText } from '../../../harness/lib/score/standard-input.js';
import { oddest } from '../../../harness/lib/score/top.js';
import { conditionalVae, vae, vqVae } from '../../../src/model/presets.js';
import { fitScaling } from '../../../src/model/scaling.js';
import { uniforms } from '../../support/limits/numbers.js';

const refused = (run: () => unknown, message: RegExp | string) => {
  try {
    run();
  } catch (error) {
    const text = (error as Error).message;
    assert.ok(typeof message === 'string' ? text === message : message.test(text), text);
    return;
  }
  assert.unreachable('accepted');
};

// --- rankings --------------------------------------------------------------------------------------------------------

test("the areas of scikit-learn's own example", () => {
  const found = rank([0.1, 0.4, 0.35, 0.8], (row) => row >= 2);
  assert.is(found?.rocAuc, 0.75);
  assert.ok(Math.abs((found?.averagePrecision ?? 0) - 0.8333333333333333) < 1e-12); // the value its manual gives
  assert.equal([found?.odd, found?.others], [2, 2]);
});

test('the area under the ROC curve is the share of pairs in the right order, ties half', () => {
  const scores = uniforms(3, 200, 0, 20).map(Math.floor);
  const odd = uniforms(4, 200, 0, 1).map((x, row) => Number(x + (scores[row] ?? 0) / 40 > 0.8));
  let [pairs, right] = [0, 0];
  for (let a = 0; a < 200; a++)
    for (let b = 0; b < 200; b++) {
      if (odd[a] !== 1 || odd[b] !== 0) continue;
      pairs++;
      const [one = 0, other = 0] = [scores[a], scores[b]];
      right += one > other ? 1 : one === other ? 0.5 : 0;
    }
  const found = rank(scores, (row) => odd[row] === 1);
  assert.ok(Math.abs((found?.rocAuc ?? 0) - right / pairs) < 1e-12, `${found?.rocAuc}, by pairs ${right / pairs}`);
  assert.is(found?.points.length, new Set(scores).size, 'rows of one score count together');
  assert.equal([found?.points.at(-1)?.recall, found?.points.at(-1)?.falsePositiveRate], [1, 1]);
});

test('rows of one kind have no ranking', () => {
  assert.is(
    rank([1, 2], () => true),
    undefined,
  );
});

test('the oddest rows, the highest score first', () => {
  assert.equal(oddest(Float32Array.of(3, 9, 1, 5), 3), [1, 3, 0]);
  assert.equal(oddest(Float32Array.of(3, 9), 5), [1, 0]);
});

test('a score that is no number is the oddest', () => {
  const loss = Float32Array.of(1, Number.NaN, 3);
  assert.equal([...scoresBy({ loss }, 'loss')], [1, Number.POSITIVE_INFINITY, 3]);
  const ranking = rank(scoresBy({ loss }, 'loss'), (row) => row === 1);
  assert.is(ranking?.rocAuc, 1);
});

// --- features --------------------------------------------------------------------------------------------------------

test("contributions are shares of the squared error in the model's units", () => {
  const values = Float32Array.of(0, 0, 10, 1000, 20, 2000);
  const scaling = fitScaling(values, 2, 'minmax');
  const spec = { ...ae({ pixels: 2, hidden: [], latent: 1, loss: 'mse', output: 'identity' }), scaling };
  const [first, second] = contributions(spec, Float32Array.of(10, 1000), Float32Array.of(12, 1600), ['a', 'b'], 5);
  // In units of the ranges, 20 and 2000: 0.1 and 0.3, whose squares are 1 to 9.
  assert.equal([first?.feature, first?.value, first?.expected, second?.feature], ['b', 1000, 1600, 'a']);
  assert.ok(Math.abs((first?.share ?? 0) - 0.9) < 1e-6 && Math.abs((second?.share ?? 0) - 0.1) < 1e-6);
  assert.is(contributions(spec, Float32Array.of(10, 1000), Float32Array.of(12, 1600), ['a', 'b'], 1).length, 1);
});

test("a feature's error, in its own units and over its deviation", () => {
  const values = Float32Array.of(0, 5, 4, 5, 8, 5); // the second never changes
  const made = Float32Array.of(1, 5, 5, 5, 9, 6);
  const errors = featureErrors(values, made, ['a', 'same']);
  assert.is(errors[0]?.rmse, 1);
  assert.ok(Math.abs((errors[0]?.share ?? 0) - 1 / Math.sqrt(32 / 3)) < 1e-12);
  assert.equal([errors[1]?.rmse, errors[1]?.share], [Math.sqrt(1 / 3), 0]);
  assert.is(featureText(errors), 'a 1.00 (0.31), same 0.577 (0.00)');
});

const rowsOf = (columns: number, ...values: number[]): CheckedExamples => ({
  shape: [values.length / columns, columns],
  values: Float32Array.from(values),
});

test("columns come in the model's order, others are left out, missing ones are named", () => {
  const said: string[] = [];
  const align = (wanted: string[] | undefined, features: string[] | undefined, rows = rowsOf(3, 1, 2, 3, 4, 5, 6)) =>
    alignedTo(wanted, rows, { name: 't', ...(features && { features }) }, (line) => said.push(line));
  const aligned = align(['c', 'a'], ['a', 'b', 'c']);
  assert.equal(
    [aligned.shape, [...aligned.values]],
    [
      [2, 2],
      [3, 1, 6, 4],
    ],
  );
  assert.equal(said.splice(0), ['columns that the model does not know are left out: b']);
  const same = rowsOf(3, 1, 2, 3);
  assert.is(align(['a', 'b', 'c'], ['a', 'b', 'c'], same), same);
  assert.is(align(undefined, ['a', 'b', 'c'], same), same);
  assert.is(align(['x', 'y', 'z'], ['column 1', 'column 2', 'column 3'], same), same, 'no name in common: by place');
  assert.equal(said, [
    'no column has the name of a feature of the model: they are taken by their place, column 1, column 2, column 3 for x, y, z',
  ]);
  refused(() => align(['a', 'd'], ['a', 'b', 'c']), /^t has no column d, must have all features of the model: a, d$/);
});

const text = (csv: string) => new TextEncoder().encode(csv);

/** Rows of standard input, for a model of so many inputs. */
const input = (csv: string, inputs: number, run: Partial<InputRun> = {}, flags: ReadingOptions = {}) => {
  const said: string[] = [];
  const spec = vae({ pixels: inputs, hidden: [], latent: 1 });
  const set = rowsFromText(text(csv), flags, { spec, data: 'd', ...run }, (line) => said.push(line));
  return { ...set, said };
};

test('rows of standard input: with names or without, vectors or images', () => {
  const named = input('b,a\n1,2\n', 2, { shape: [2] });
  assert.equal(
    [named.features, named.test.shape, [...named.test.values]],
    [
      ['b', 'a'],
      [1, 2],
      [1, 2],
    ],
  );
  const bare = input('1,2.5\n', 2, { shape: [2] });
  assert.equal([bare.features, [...bare.test.values]], [undefined, [1, 2.5]]);
  const image = input('0,255,3,4\n', 4, { shape: [2, 2] });
  assert.equal([image.test.shape, image.test.values instanceof Uint8Array], [[1, 2, 2], true]);
  const table = {
    columns: [
      { name: 'colour', number: 2, categories: ['blue', 'red'] },
      { name: 'size', number: 3 },
    ],
    label: { name: 'kind', number: 4 },
    width: 4,
    hasHeader: true,
  };
  const like = input('size,colour\n1.5,red\n', 3, { shape: [3], table });
  assert.equal([...like.test.values], [0, 1, 1.5], 'as the table of the run');
  const plain = { ...table, columns: [{ name: 'size', number: 3 }] };
  assert.equal([...input('7,8,1.5,2\n', 1, { shape: [1], table: plain }).test.values], [1.5], 'all of its columns');
  assert.equal([...input('0,1,2\n', 3, { shape: [3], table }).test.values], [0, 1, 2], 'or the features themselves');
  refused(
    () => input('1,2,3\n', 2, { shape: [2] }),
    'standard input has rows of 3 numbers, must have the 2 of the model, or a first line with the names of the columns',
  );
});

test('standard input is read by the flags of files, and as the data of the run were', () => {
  const table = {
    columns: [
      { name: 'x', number: 1, mean: 7 },
      { name: 'y', number: 2, mean: 8 },
    ],
    label: { name: 'Class', number: 3 },
    width: 3,
    hasHeader: true,
  };
  const run = {
    shape: [2],
    table,
    classes: ['bad', 'ok'],
    reading: { 'label-column': 'Class', missing: 'mean' },
  } as const;
  const labelled = input('Class,y,x\nok,,3\nbad,4,5\n', 2, run);
  assert.equal(
    [[...labelled.test.values], [...(labelled.test.labels ?? [])]],
    [
      [3, 8, 5, 4],
      [1, 0],
    ],
  );
  assert.equal(labelled.classes, ['bad', 'ok'], 'by the names of the run');
  assert.is(input('y,x\n1,2\n', 2, run).test.labels, undefined, 'which rows for scoring may lack');
  const { test: kept, fileRows, said } = input('x,y\n1,\n3,4\n', 2, run, { missing: 'drop' });
  assert.equal([[...kept.values], [...(fileRows ?? [])]], [[3, 4], [1]]);
  assert.equal(said, ['standard input: 1 rows with missing values are left out']);
  const other = input('a,b,kind\n1,2,x\n', 1, { shape: [1], table }, { drop: ['b'], 'label-column': 'kind' });
  assert.equal([[...other.test.values], other.classes?.at(-1)], [[1], 'x']);
  const digit = input('label,a,b,c,d\n3,0,1,1,0\n', 4, { shape: [2, 2], labelled: true });
  assert.equal([digit.test.shape, [...(digit.test.labels ?? [])]], [[1, 2, 2], [3]], 'a label beside pixels');
  refused(
    () => input('1,2\n', 2, run, { layout: 'chw' }),
    '--layout chw: --data - is a table; only arrays of colour images take it: leave --layout out',
  );
  refused(() => input('x,y\n1,2\n', 2, run, { 'label-column': 'Class' }), /^standard input has no column "Class"/);
  refused(() => input('x,y\n1,\n', 2, { ...run, reading: {} }), /column "y" is missing; fill it in/);
});

test('a dark row of standard input is what the model was trained on: bytes, bits, or numbers that it scales', () => {
  const values = (run: Partial<InputRun>) => [...input('0,1,1,0\n', 4, { shape: [2, 2], ...run }).test.values];
  assert.equal(values({ numbers: 'pixels' }), [0, 1, 1, 0]);
  assert.equal(values({ numbers: 'bits' }), [0, 255, 255, 0]);
  const spec = {
    ...ae({ pixels: 4, hidden: [], latent: 1, loss: 'mse' }),
    scaling: fitScaling(Float32Array.of(0, 1, 2, 3, 9, 8, 7, 6), 4, 'minmax'),
  };
  const rows = input('0,1,255,0\n', 4, { shape: [2, 2], spec }).test.values;
  assert.equal([rows instanceof Float32Array, [...rows]], [true, [0, 1, 255, 0]]);
});

// --- what is asked for -----------------------------------------------------------------------------------------------

const options = (line: string) => {
  const read = readScoreOptions(`--run a --data b ${line}`.trim().split(' '));
  assert.ok(read);
  return read;
};

test('options: defaults, thresholds, and what is refused', () => {
  assert.equal(options(''), { run: 'a', data: 'b', top: 12, seed: 0, adapter: 'auto' });
  assert.equal(options('--threshold quantile:0.99').threshold, { quantile: 0.99 });
  assert.equal(options('--threshold 12.5').threshold, { value: 12.5 });
  assert.equal(options('--odd 1,fraud').odd, ['1', 'fraud']);
  assert.is(readScoreOptions(['--help']), undefined);
  for (const bad of ['quantile:1', 'quantile:0', 'quantile', 'x', 'quantile:0.5:2'])
    refused(
      () => options(`--threshold ${bad}`),
      /^--threshold is .*, must be a number, or quantile:X with X between 0 and 1/,
    );
  refused(() => options('--by iwae'), /^--by iwae without --iwae/);
  refused(() => options('--by mae'), /^--by is mae, must be one of loss, bce/);
  refused(() => readScoreOptions(['--run', 'a']), /^--data is missing/);
  refused(() => readScoreOptions(['--data', 'a']), /^--run is missing/);
});

test('rows are ordered by a score that the model has', () => {
  assert.is(orderOf(options(''), vae()), 'loss');
  assert.is(orderOf(options('--iwae 8'), vae()), 'iwae');
  assert.is(orderOf(options('--by kl --iwae 8'), vae()), 'kl');
  assert.is(orderOf(options('--by commitment'), vqVae()), 'commitment');
  refused(() => orderOf(options('--by commitment'), ae()), /^--by commitment: .* must be one of loss, bce$/);
  refused(() => orderOf(options('--by kl'), ae()), /^--by kl: .* must be one of loss, bce$/);
  refused(() => orderOf(options('--by mse'), conditionalVae()), /must be one of loss, bce, kl$/);
});

test('which classes are odd', () => {
  const labelled = { rows: { ...rowsOf(1, 1, 2, 3), labels: Uint8Array.of(0, 2, 1) }, classes: ['ok', 'bad', 'worse'] };
  const bare = { rows: rowsOf(1, 1, 2, 3), classes: [] };
  assert.equal([...(oddClasses({ ...labelled, classes: [], options: options('') }) ?? [])], [1, 2]);
  assert.is(oddClasses({ ...labelled, options: options('') }), undefined, 'of words nobody knows');
  assert.equal([...(oddClasses({ ...labelled, options: options('--odd worse') }) ?? [])], [2]);
  assert.is(oddClasses({ ...bare, options: options('') }), undefined);
  refused(() => oddClasses({ ...labelled, options: options('--odd best') }), /^--odd best: .* one of ok, bad, worse$/);
  refused(() => oddClasses({ ...bare, options: options('--odd 1') }), /^--odd 1: these data have no labels/);
});

// --- files -----------------------------------------------------------------------------------------------------------

test('numbers are written with no more digits than f32 has, names in quotes where they need any', () => {
  assert.equal([0.1, 1 / 3, 1e-7, 123456789, -0, Number.NaN].map(f32Text), [
    '0.1',
    '0.33333334',
    '1e-7',
    '123456790',
    '0',
    'NaN',
  ]);
  for (const value of uniforms(7, 1000, -1e3, 1e3)) assert.is(Math.fround(Number(f32Text(value))), value);
  assert.is(csvText(['a,b', 'c"d'], [['x', 'y\nz']]), '"a,b","c""d"\nx,"y\nz"\n');
  assert.is(numbersCsv(['a', 'b'], Float32Array.of(1, 2, 3, 4)), 'a,b\n1,2\n3,4\n');
});

test('the histogram: rows, threshold and kinds; scores that are not finite are told', async () => {
  const scores = Float32Array.from({ length: 300 }, (_, i) => (i < 200 ? 1 + i / 200 : 100 + i));
  scores[5] = Number.POSITIVE_INFINITY;
  const drawn = await histogramPlot(scores, {
    title: 'Scores',
    name: 'loss',
    threshold: 12.345,
    isOdd: (row) => row >= 200,
  });
  for (const said of [
    'Scores',
    '299 rows; 1 whose score is not finite are left out',
    'threshold 12.35',
    'odd rows',
    'other rows',
    '>loss<',
  ])
    assert.ok(drawn.includes(said), said);
  const plain = await histogramPlot(Float32Array.of(1, 2, 3), { title: 'Scores', name: 'kl' });
  assert.not.match(plain, /threshold|odd rows/);
  assert.match(plain, />3 rows</);
});

test('the curves say their areas, the bars their features', async () => {
  const ranking = rank([0.1, 0.4, 0.35, 0.8], (row) => row >= 2);
  assert.ok(ranking);
  const curves = await rankingPlot(ranking, 'How well loss tells odd rows');
  for (const said of ['ROC: area 0.7500', 'average precision 0.8333', '2 odd rows and 2 others'])
    assert.ok(curves.includes(said), said);
  const errors = [
    { feature: 'alcohol', rmse: 0.5, share: 0.25 },
    { feature: 'ash', rmse: 3, share: 0.75 },
  ];
  const bars = await featuresPlot(errors, 'wine');
  assert.ok(bars.indexOf('>ash<') < bars.indexOf('>alcohol<'), 'the worst first');
  for (const said of ['wine', 'every feature', '>0.500<', '>3.00<']) assert.ok(bars.includes(said), said);
});

test.run();
