// Real tables, as they come with Debian's python3-sklearn: an autoencoder that has seen benign tumours only finds the malignant
// ones at least as well as what is usual for this, the reconstruction error of as many principal components.
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rank } from '../../harness/lib/score/ranking.js';
import type { CheckedExamples } from '../../src/data/examples.js';
import { ae } from '../../src/model/presets.js';
import { fitScaling, scaled } from '../../src/model/scaling.js';
import { permute } from '../../src/random.js';
import { usesDevice } from '../support/device.js';
import { covariance, dot, largestEigenpairs } from '../support/oracle/eigen.js';
import { withTrained } from '../support/training/behaviour.js';

/** Of Wolberg, Street and Mangasarian: 569 tumours, 30 features of each, 0 malignant and 1 benign. */
const FILE = '/usr/lib/python3/dist-packages/sklearn/datasets/data/breast_cancer.csv';
const COLUMNS = 30;
const LATENT = 4;
const TRAINED = 250;
const ORDER = 3;

assert.ok(fs.existsSync(FILE), `${FILE} is missing: apt-get install python3-sklearn`);
const lines = fs.readFileSync(FILE, 'utf8').trimEnd().split('\n').slice(1);
const rows = lines.map((_, at) => (lines[permute(at, lines.length, ORDER, 0)] ?? '').split(',').map(Number));
const isBenign = (row: number[]) => row[COLUMNS] === 1;
const benign = rows.filter(isBenign);
const valuesOf = (of: number[][]) => Float32Array.from(of.flatMap((row) => row.slice(0, COLUMNS)));
const known = valuesOf(benign.slice(0, TRAINED));
const others = [...benign.slice(TRAINED), ...rows.filter((row) => !isBenign(row))];
const scaling = fitScaling(known, COLUMNS, 'standard');

const area = (scores: ArrayLike<number>) => rank(scores, (row) => !isBenign(others[row] ?? []))?.rocAuc ?? Number.NaN;

/** The squared distance of each row from the plane of the first components of what is known. */
function pcaErrors(components: number): number[] {
  const seen = scaled(known, scaling);
  const plane = largestEigenpairs(covariance(seen, COLUMNS), components).map(({ vector }) => vector);
  const all = scaled(valuesOf(others), scaling); // its mean is 0
  return others.map((_, at) => {
    const row = all.subarray(at * COLUMNS, (at + 1) * COLUMNS);
    return dot(row, row) - plane.reduce((sum, vector) => sum + dot(row, vector) ** 2, 0);
  });
}

test(`${path.basename(FILE)} is what it was`, () => {
  assert.equal([rows.length, benign.length, rows.every((row) => row.length === COLUMNS + 1)], [569, 357, true]);
});

test('an autoencoder of benign rows tells malignant ones by their score, no worse than PCA of its size', async () => {
  const examples: CheckedExamples = { shape: [TRAINED, COLUMNS], values: known };
  const spec = {
    ...ae({ pixels: COLUMNS, hidden: [32], latent: LATENT, activation: 'tanh', loss: 'mse', output: 'identity' }),
    scaling,
  };
  const dataset = { name: 'benign', train: examples, test: examples };
  await withTrained(spec, dataset, { batch: 32, steps: 800 }, async ({ model }) => {
    const [ours, pca] = [area(await model.scores(valuesOf(others))), area(pcaErrors(LATENT))];
    console.log(`ROC-AUC of the scores ${ours.toFixed(4)}, of the error of ${LATENT} components ${pca.toFixed(4)}`);
    assert.ok(pca > 0.85, `${pca}: the oracle itself finds them`);
    assert.ok(ours >= pca, `${ours}, PCA ${pca}`);
  });
});

usesDevice(test);
test.run();
