// Losses row by row (src/train/passes/scores.ts): against f64 on the host for every member of the family, over several chunks and a
// short last batch, with draws, and as the trainer's evaluation means them.
//
// Limit of a term, relative to the greatest of its rows: as of a loss in plan-equivalence.test.ts. Of a ratio, whose parts cancel,
// relative to the sum of what it is made of.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkExamples, numbersOf } from '../../src/data/examples.js';
import { ArgumentError } from '../../src/errors.js';
import { scoringGraph } from '../../src/graph/build.js';
import { ae, vae } from '../../src/model/presets.js';
import { fitScaling, scaled } from '../../src/model/scaling.js';
import { lossWeights, type ModelSpec } from '../../src/model/spec.js';
import { createModel } from '../../src/train/model.js';
import type { Scores } from '../../src/train/passes/score-sums.js';
import { EVALUATION_BATCH } from '../../src/train/step/step-state.js';
import { device, usesDevice } from '../support/device.js';
import { uniforms } from '../support/limits/numbers.js';
import { FAMILY, FAMILY_DATA, familyImages } from '../support/models/family.js';
import { interpret, type Values } from '../support/oracle/interpret.js';
import { modelOf, withTrainer } from '../support/training/training.js';

const LIMIT = 3e-5;
const ROWS = 131;
/** More than two chunks of 16 batches, the last batch short. */
const MANY = 2 * 2048 + 3;

/** What f64 makes of each row: its terms, and log p(z) - log q(z|x) at its sample. */
async function oracle(spec: ModelSpec, values: Float32Array, seed: number, labels?: Uint8Array) {
  const parameters = new Map([...(await (await modelOf(spec)).parameters())].map(([name, p]) => [name, p.values]));
  const rows = values.length / spec.inputs;
  const terms = new Map<string, number[]>();
  const ratio: number[] = [];
  for (let first = 0; first < rows; first += EVALUATION_BATCH) {
    const count = Math.min(EVALUATION_BATCH, rows - first);
    const { graph, losses, output } = scoringGraph(spec, count, spec.code.kind === 'gaussian');
    const own = labels && { labels: labels.subarray(first, first + count) };
    const images = {
      shape: [count, spec.inputs],
      values: values.subarray(first * spec.inputs, (first + count) * spec.inputs),
      ...own,
    };
    const step = { seed, step: first / EVALUATION_BATCH, epoch: 0, start: 0, rows: count, images, weights: new Map() };
    const nodes = interpret(graph.nodes, { parameters, step });
    const add = (to: number[], of: Values | undefined) => to.push(...(of ?? []));
    for (const { term, node } of losses) {
      if (!terms.has(term)) terms.set(term, []);
      add(terms.get(term) as number[], nodes.get(node));
    }
    if (output) add(ratio, nodes.get(output));
  }
  return { terms, ratio };
}

function close(
  got: ArrayLike<number> | undefined,
  want: readonly number[],
  what: string,
  scale = Math.max(...want.map(Math.abs)),
) {
  assert.is(got?.length, want.length, what);
  want.forEach((value, row) => {
    const off = Math.abs((got?.[row] ?? Number.NaN) - value);
    assert.ok(off <= LIMIT * scale, `${what}, row ${row}: ${got?.[row]}, in f64 ${value}`);
  });
}

function closeScores(scores: Scores, spec: ModelSpec, terms: ReadonlyMap<string, number[]>, what: string) {
  const names = [...lossWeights(spec).keys()].filter((term) => term !== 'sparsity' && term !== 'importance');
  assert.equal(Object.keys(scores), ['loss', ...names], what);
  for (const name of names) close(scores[name], terms.get(name) ?? [], `${what}: ${name}`);
  const weights = lossWeights(spec);
  const sum = (row: number) =>
    names.reduce((all, name) => all + (weights.get(name) ?? 0) * (terms.get(name)?.[row] ?? 0), 0);
  close(
    scores.loss,
    Array.from(scores.loss, (_, row) => sum(row)),
    `${what}: loss`,
  );
}

const DATA = familyImages(ROWS, 3);
const BYTES = DATA.pixels;
const NUMBERS = numbersOf(checkExamples(DATA, 'images'));

for (const [name, spec] of Object.entries(FAMILY))
  test(`${name}: each row's terms are those of f64`, async () => {
    const model = await modelOf(spec);
    const labels = spec.classes === undefined ? undefined : DATA.labels;
    const { terms } = await oracle(spec, NUMBERS, 5, labels);
    const scores = await model.scores(NUMBERS, { terms: true, seed: 5, ...(labels && { labels }) });
    closeScores(scores, spec, terms, name);
    const alone = await model.scores(BYTES, { seed: 5, ...(labels && { labels }) });
    assert.equal(alone, scores.loss, 'bytes and numbers are the same pixels');
  });

test('many rows are scored in chunks, each as if it were alone at its place', async () => {
  const spec = FAMILY.vae as ModelSpec;
  const model = await modelOf(spec);
  const values = uniforms(8, MANY * spec.inputs, 0, 1);
  const { terms } = await oracle(spec, values, 0);
  closeScores(await model.scores(values, { terms: true }), spec, terms, 'many');
});

test('the mean over rows is what the trainer evaluates', async () => {
  const spec = FAMILY.vae as ModelSpec;
  const parameters = await (await modelOf(spec)).parameters();
  const { test: rows } = FAMILY_DATA;
  await (await modelOf(spec)).scores(rows.pixels); // its pass is the model's, and stays
  await withTrainer({ spec, dataset: FAMILY_DATA, options: { seed: 9 }, parameters }, async (trainer, model) => {
    const losses = await trainer.evaluate();
    const scores = await model.scores(rows.pixels, { terms: true, seed: 9 });
    for (const term of ['loss', 'bce', 'kl'] as const) {
      const mean = (scores[term] ?? new Float32Array()).reduce((sum, value) => sum + value, 0) / rows.count;
      assert.ok(Math.abs(mean - (losses[term] ?? 0)) <= LIMIT * mean, `${term}: ${mean}, evaluated ${losses[term]}`);
    }
  });
});

test('samples: the mean over draws of seeds that follow each other', async () => {
  const spec = FAMILY.vae as ModelSpec;
  const model = await modelOf(spec);
  const scores = await model.scores(NUMBERS, { terms: true, samples: 3, seed: 4 });
  const draws = await Promise.all([4, 5, 6].map((seed) => model.scores(NUMBERS, { terms: true, seed })));
  const mean = (term: 'loss' | 'bce' | 'kl') =>
    Array.from(scores.loss, (_, row) => draws.reduce((sum, draw) => sum + (draw[term]?.[row] ?? 0), 0) / draws.length);
  for (const term of ['loss', 'bce', 'kl'] as const) close(scores[term], mean(term), term);
  assert.not.equal(draws[0]?.bce, draws[1]?.bce, 'other seeds draw other codes');
  assert.equal(draws[0]?.kl, draws[1]?.kl, 'the KL term is no matter of drawing');
});

for (const [name, variance] of [
  ['vae', undefined],
  ['vae, gaussian pixels of -1..1', 0.2],
] as const)
  test(`${name}: the importance-weighted bound is log mean exp of the draws' weights`, async () => {
    const spec = FAMILY[name] as ModelSpec;
    const model = await modelOf(spec);
    const [draws, seed] = [4, 11];
    const logs: number[][] = [];
    let scale = 0;
    for (let draw = 0; draw < draws; draw++) {
      const { terms, ratio } = await oracle(spec, NUMBERS, seed + draw);
      const weight = variance === undefined ? 1 : 1 / (2 * variance);
      const constant = variance === undefined ? 0 : (spec.inputs / 2) * Math.log(2 * Math.PI * variance);
      const likelihood = [...terms.entries()].find(([term]) => term !== 'kl')?.[1] ?? [];
      logs.push(likelihood.map((value, row) => (ratio[row] ?? Number.NaN) - weight * value - constant));
      scale = Math.max(scale, ...likelihood.map((value) => weight * value + Math.abs(constant)));
    }
    const want = NUMBERS.length / spec.inputs;
    const bound = Array.from({ length: want }, (_, row) => {
      const own = logs.map((log) => log[row] ?? Number.NaN);
      const most = Math.max(...own);
      return -(most + Math.log(own.reduce((sum, log) => sum + Math.exp(log - most), 0) / draws));
    });
    const scores = await model.scores(NUMBERS, { terms: true, iwae: draws, seed });
    close(scores.iwae, bound, 'bound', scale);
    const one = await model.scores(NUMBERS, { terms: true, seed });
    assert.equal(scores.loss, one.loss, 'the terms are those of the first draw alone');
  });

test('scores are of scaled numbers, whatever the units', async () => {
  const values = uniforms(2, 300 * 6, 100, 900);
  const scaling = fitScaling(values, 6, 'standard');
  const plain = ae({ pixels: 6, hidden: [5], latent: 2, loss: 'mse', output: 'identity' });
  const model = await modelOf({ ...plain, scaling });
  const other = await modelOf(plain);
  other.loadParameters(await model.parameters());
  assert.equal(await model.scores(values), await other.scores(scaled(values, scaling)));
});

test('a row that overflows f32 has no finite score, and the others are not touched', async () => {
  const model = await modelOf(ae({ pixels: 6, hidden: [5], latent: 2, loss: 'mse', output: 'identity' }));
  const values = uniforms(2, 20 * 6);
  const before = await model.scores(values);
  values.fill(1e30, 6, 12);
  const after = await model.scores(values);
  assert.is(Number.isFinite(after[1]), false);
  after[1] = before[1] ?? 0;
  assert.equal(after, before);
});

test('refused: numbers that the loss has no meaning for, and bytes where numbers are scaled', async () => {
  const refusal = async (run: () => Promise<unknown>): Promise<string> => {
    try {
      await run();
    } catch (error) {
      assert.instance(error, ArgumentError);
      return (error as Error).message;
    }
    return assert.unreachable('nothing was refused') as never;
  };
  const bits = await modelOf(ae({ pixels: 6, hidden: [5], latent: 2 }));
  assert.is(
    await refusal(() => bits.scores(Float32Array.of(0, 1, 0.5, 5, 0, 0))),
    'values: 5 (example 0), but the bce loss takes numbers of 0..1: scale them, or use the mse loss',
  );
  const plain = ae({ pixels: 6, hidden: [5], latent: 2, loss: 'mse', output: 'identity' });
  const model = await modelOf({ ...plain, scaling: { kind: 'minmax', offset: [0], scale: [2] } });
  for (const run of [() => model.scores(new Uint8Array(6)), () => model.encode(new Uint8Array(6))])
    assert.match(
      await refusal(run),
      /^a Uint8Array, whose bytes stand for 0\.\.1, must be numbers in the data's units/,
    );
  assert.match(await refusal(() => model.scores([1, 2, 3])), /^values: 3 numbers, must be a positive multiple of 6/);
});

test('other kinds of rows take the place of the first; what was under way when the model goes is told', async () => {
  const spec = ae({ pixels: 6, hidden: [4], latent: 2 });
  const model = await createModel(device, spec);
  const few = await model.scores(uniforms(1, 6, 0, 1));
  const { bytes } = model.machine.memory;
  await model.scores(uniforms(1, 6 * 2048, 0, 1));
  assert.equal(await model.scores(uniforms(1, 6, 0, 1)), few);
  assert.is(model.machine.memory.bytes, bytes, 'one pass is kept, not one of each kind');
  const late = model.scores(uniforms(1, 6, 0, 1));
  model.dispose();
  await late.then(
    () => undefined,
    (error: Error) => assert.match(error.message, /disposed|given back/),
  );
  device.check();
});

const REFUSED: [spec: ModelSpec, options: object, text: string][] = [
  [vae(), { samples: 0 }, 'samples: 0, must be a positive integer'],
  [vae(), { iwae: 1.5 }, 'iwae: 1.5, must be a positive integer'],
  [vae(), { seed: -1 }, 'seed: -1, must be an integer from 0 to 2^53 - 1'],
  [
    vae(),
    { sample: 2 },
    'scores.sample: unknown, must be one of samples, iwae, seed, labels, terms; did you mean samples?',
  ],
  [ae(), { samples: 2 }, 'samples: 2, must be left out: a deterministic code has nothing to draw'],
  [ae(), { iwae: 2 }, 'iwae: 2, must be left out: a deterministic code has nothing to draw'],
  [
    vae({ loss: 'mse' }),
    { iwae: 2 },
    'iwae: 2, must be left out: the squared error is no likelihood without a variance; use a model with loss.variance, bce or poisson',
  ],
];
for (const [spec, options, text] of REFUSED)
  test(`refused: ${text}`, async () => {
    const model = await modelOf(spec);
    await model.scores(new Float32Array(784), options).then(
      () => assert.unreachable('nothing was refused'),
      (error: Error) => {
        assert.instance(error, ArgumentError);
        assert.is(error.message, text);
      },
    );
  });

usesDevice(test);
test.run();
