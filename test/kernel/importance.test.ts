// Several samples of the code an example: the samples and their ratios, what each counts in the importance-weighted bound, the
// bound's terms, and what arrives at the heads, against f64 with the host's twin of the noise.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  importance,
  importanceWeights,
  logRatioGradient,
  repeatRows,
  type SamplesShape,
  sampledGradient,
  sampledRows,
  sampleMean,
  sampleMeanGradient,
  sumRepeats,
  weightDivergence,
} from '../../src/kernels/losses/importance.js';
import { LOG_VAR_RANGE, type LogVarRange } from '../../src/model/spec.js';
import { usesDevice } from '../support/device.js';
import { type Element, headsOf, problemOf, ratios, STEP, sample, throughSample } from '../support/kernels/code.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { progressOf, settingsOf, WEIGHTS } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { expUlps, logLimit, productsLimit, TINY, ULP } from '../support/limits/tolerance.js';

const state = (live: number) => ({ settings: settingsOf(), progress: progressOf({ step: STEP, rows: live }) });
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const at = (values: ArrayLike<number>, index: number) => values[index] ?? Number.NaN;

/** Rows, columns, and how often each row. */
const REPEATED = [
  [1, 1, 1],
  [3, 7, 1],
  [5, 13, 4],
  [64, 1, 3],
  [33, 65, 5],
] as const;

for (const [rows, columns, times] of REPEATED) {
  const shape = { rows, columns, times };
  test(`repeat_rows [${rows}, ${columns}] ${times} times`, async () => {
    const x = uniforms(1, rows * columns);
    const results = await runKernel(repeatRows, shape, { x, y: rows * columns * times });
    const want = range(rows * times).flatMap((row) => {
      const first = Math.floor(row / times) * columns;
      return [...x.subarray(first, first + columns)];
    });
    assert.equal([...results.f32('y')], want);
  });

  test(`sum_repeats [${rows}, ${columns}] ${times} times`, async () => {
    const x = uniforms(2, rows * times * columns);
    const results = await runKernel(sumRepeats, shape, { x, sum: rows * columns });
    const parts = range(rows * columns).map((i) =>
      range(times).map((time) => at(x, (Math.floor(i / columns) * times + time) * columns + (i % columns))),
    );
    close(results.f32('sum'), parts.map(sum), (i) => times * ULP * sum((parts[i] ?? []).map(Math.abs)));
  });
}

// --- what samples count --------------------------------------------------------------------------------------------

const SAMPLES: SamplesShape[] = [
  { rows: 1, samples: 1 },
  { rows: 3, samples: 1 },
  { rows: 63, samples: 2 },
  { rows: 64, samples: 5 },
  { rows: 65, samples: 3 },
  { rows: 5, samples: 50 },
  { rows: 2, samples: 129 },
];

/** Of settingsOf and progressOf: what the terms weigh in this step. */
const OF_DISTANCE = 1.25;
const OF_RATIO = 0.75 * 0.5;

interface Sample {
  distance: number;
  ratio: number;
  /** log of what it counts, and what it may be off by; what it counts, relative. */
  logShare: number;
  logLimit: number;
  share: number;
  shareLimit: number;
}

/** Distances like those of images, of which some examples have one sample far better than the others, or all alike. */
function samplesOf({ rows, samples }: SamplesShape) {
  const distances = uniforms(3, rows * samples, 90, 96);
  const ratiosOf = uniforms(4, rows * samples, -12, -8);
  for (let k = 0; k < samples; k++) {
    if (rows > 2) distances[samples + k] = k === samples - 1 ? 90 : 290; // the others' weights are too small for f32
    if (rows > 2) [distances[2 * samples + k], ratiosOf[2 * samples + k]] = [93.5, -10];
  }
  const examples = range(rows).map((row): Sample[] => {
    const own = range(samples).map((k) => {
      const [distance, ratio] = [at(distances, row * samples + k), at(ratiosOf, row * samples + k)];
      const [a, b] = [OF_RATIO * ratio, OF_DISTANCE * distance];
      // Two products and a difference.
      return { distance, ratio, log: a - b, limit: ULP * (Math.abs(a) + Math.abs(b) + Math.abs(a - b)) };
    });
    const greatest = Math.max(...own.map(({ log }) => log));
    const limit = Math.max(...own.map((each) => each.limit));
    const below = own.map(({ log }) => log - greatest);
    const total = sum(below.map(Math.exp));
    // Each exponent is off by its own logarithm, by the greatest and by a difference; then exp, and as many sums as there are.
    const relative = below.map((d) => 2 * limit + ULP * (Math.abs(d) + expUlps(d)));
    const totalLimit = sum(below.map((d, k) => Math.exp(d) * at(relative, k))) / total + samples * ULP;
    const logTotalLimit = totalLimit + logLimit(total);
    return own.map(({ distance, ratio }, k) => {
      const logShare = at(below, k) - Math.log(total);
      const off = 2 * limit + logTotalLimit + 2 * ULP * (Math.abs(at(below, k)) + Math.abs(Math.log(total)));
      const share = Math.exp(logShare);
      return {
        distance,
        ratio,
        logShare,
        logLimit: off,
        share,
        shareLimit: share * (off + expUlps(logShare) * ULP) + TINY,
      };
    });
  });
  return { distances, ratios: ratiosOf, examples };
}

/** The sum over an example's samples of share times value, and how far it may be off. */
function mean(own: readonly Sample[], value: (each: Sample) => number, off: (each: Sample) => number = () => 0) {
  const products = own.map((each) => each.share * value(each));
  const errors = own.map((each) => each.shareLimit * Math.abs(value(each)) + each.share * off(each));
  return { want: sum(products), limit: sum(errors) + productsLimit(own.length, sum(products.map(Math.abs))) };
}

for (const shape of SAMPLES) {
  const { rows, samples } = shape;
  const size = `${samples} samples of ${rows}`;
  const count = rows * samples;
  const problem = samplesOf(shape);
  const all = problem.examples.flat();
  const bound = { distance: problem.distances, ratio: problem.ratios };
  const logSamples = Math.log(samples);

  test(`importance_weights ${size}`, async () => {
    const results = await runKernel(importanceWeights, shape, { ...bound, ...state(rows), weights: count });
    const got = results.f32('weights');
    close(
      got,
      all.map(({ share }) => share),
      (i) => all[i]?.shareLimit ?? 0,
    );
  });

  test(`importance ${size}, half of the batch live`, async () => {
    const live = Math.ceil(rows / 2);
    const results = await runKernel(importance, shape, {
      ...bound,
      ...state(live),
      reconstruction: rows,
      kl: rows,
      importance: rows,
      ddistance: count,
      dratio: count,
    });
    const terms = {
      reconstruction: problem.examples.map((own) => mean(own, ({ distance }) => distance)),
      kl: problem.examples.map((own) => mean(own, ({ ratio }) => -ratio)),
      importance: problem.examples.map((own) =>
        mean(
          own,
          ({ logShare }) => logSamples + logShare,
          (each) => each.logLimit + logLimit(samples) + ULP * Math.abs(logSamples + each.logShare),
        ),
      ),
    };
    for (const [name, values] of Object.entries(terms))
      close(
        results.f32(name),
        values.map(({ want }) => want),
        (row) => values[row]?.limit ?? 0,
        (row) => `${name}[${row}]`,
      );
    for (const [name, weight] of [
      ['ddistance', WEIGHTS.get('bce') ?? Number.NaN],
      ['dratio', -(WEIGHTS.get('kl') ?? Number.NaN)],
    ] as const) {
      const of = (i: number) => (i < live * samples ? weight : 0);
      close(
        results.f32(name),
        all.map(({ share }, i) => of(i) * share),
        (i) => Math.abs(of(i)) * ((all[i]?.shareLimit ?? 0) + ULP * (all[i]?.share ?? 0)),
        (i) => `${name}[${i}]`,
      );
    }
  });

  for (const sign of [1, -1] as const) {
    const weights = Float32Array.from(all, ({ share }) => share);
    test(`sample_mean ${size}, sign ${sign}`, async () => {
      const x = uniforms(5, count, -3, 3);
      const results = await runKernel(sampleMean, { ...shape, sign }, { weights, x, mean: rows });
      const products = range(rows).map((row) =>
        range(samples).map((k) => at(weights, row * samples + k) * at(x, row * samples + k)),
      );
      close(
        results.f32('mean'),
        products.map((own) => sign * sum(own)),
        (row) => productsLimit(samples, sum((products[row] ?? []).map(Math.abs))) + TINY,
      );
    });

    test(`sample_mean_gradient ${size}, sign ${sign}`, async () => {
      const dmean = uniforms(6, rows, -3, 3);
      const results = await runKernel(sampleMeanGradient, { ...shape, sign }, { dmean, weights, dx: count });
      const want = range(count).map((i) => sign * at(dmean, Math.floor(i / samples)) * at(weights, i));
      close(results.f32('dx'), want, (i) => 2 * ULP * Math.abs(at(want, i)) + TINY);
    });
  }

  test(`weight_divergence ${size}`, async () => {
    const weights = Float32Array.from(all, ({ share }) => share);
    const results = await runKernel(weightDivergence, shape, { weights, divergence: rows });
    const each = range(rows).map((row) =>
      range(samples).map((k) => {
        const weight = at(weights, row * samples + k);
        if (weight < TINY) return { want: 0, limit: 100 * TINY };
        const log = Math.log(samples * weight);
        return {
          want: weight * log,
          limit: weight * (ULP + logLimit(samples * weight)) + ULP * Math.abs(weight * log),
        };
      }),
    );
    close(
      results.f32('divergence'),
      each.map((own) => sum(own.map(({ want }) => want))),
      (row) =>
        sum((each[row] ?? []).map(({ limit }) => limit)) +
        samples * ULP * sum((each[row] ?? []).map(({ want }) => Math.abs(want))),
    );
  });
}

// --- samples and the heads -----------------------------------------------------------------------------------------

interface Sampled extends SamplesShape {
  latent: number;
  logVarRange: LogVarRange;
}

const SAMPLED: Sampled[] = [
  { rows: 1, samples: 1, latent: 1, logVarRange: LOG_VAR_RANGE },
  { rows: 3, samples: 2, latent: 63, logVarRange: LOG_VAR_RANGE },
  { rows: 3, samples: 5, latent: 65, logVarRange: [-0.5, 1.25] },
  { rows: 17, samples: 3, latent: 31, logVarRange: LOG_VAR_RANGE },
  { rows: 128, samples: 5, latent: 64, logVarRange: LOG_VAR_RANGE },
];

/** Heads [rows, 2 latent], and each number of the code of each sample. */
function sampledProblem({ rows, samples, latent, logVarRange }: Sampled, stream: 'noise' | 'evaluation') {
  const { heads } = problemOf({ rows, latent, logVarRange }, stream);
  const repeated = range(rows * samples).flatMap((row) => {
    const first = Math.floor(row / samples) * 2 * latent;
    return [...heads.subarray(first, first + 2 * latent)];
  });
  const { elements } = problemOf({ rows: rows * samples, latent, logVarRange }, stream, Float32Array.from(repeated));
  return { heads, repeated: Float32Array.from(repeated), elements };
}

/** d ratio / d (mu, log_var) = (-z, (1 - z eps sigma) / 2), times what arrives; 0 of a log_var out of bounds. */
function throughRatio(element: Element, dratio: number) {
  const z = sample(element);
  const half = throughSample(element, 1);
  const [, slope] = half.want;
  const [, slopeLimit] = half.limit;
  const own = element.outside ? 0 : 0.5;
  const product = z.want * slope;
  const productLimit =
    Math.abs(z.want) * slopeLimit + z.limit * (Math.abs(slope) + slopeLimit) + ULP * Math.abs(product);
  const want = [-dratio * z.want, dratio * (own - product)] as const;
  const limit = [
    Math.abs(dratio) * z.limit + ULP * Math.abs(want[0]),
    Math.abs(dratio) * (productLimit + ULP * (own + Math.abs(product))) + ULP * Math.abs(want[1]),
  ] as const;
  return { want, limit };
}

for (const shape of SAMPLED) {
  const { rows, samples, latent, logVarRange } = shape;
  const size = `${rows}x${latent}, ${samples} samples, log_var ${logVarRange.join('..')}`;
  const count = rows * samples * latent;
  const headAt = (i: number) => `dheads[${Math.floor(i / (2 * latent))}, ${i % (2 * latent)}]`;

  for (const stream of ['noise', 'evaluation'] as const)
    test(`sampled_rows ${size}, stream ${stream}`, async () => {
      const { heads, elements } = sampledProblem(shape, stream);
      const bound = { heads, ...state(rows), z: count, ratio: rows * samples };
      const results = await runKernel(sampledRows, { ...shape, stream }, bound);
      const z = elements.map(sample);
      close(
        results.f32('z'),
        z.map(({ want }) => want),
        (i) => z[i]?.limit ?? 0,
        (i) => `z[${Math.floor(i / latent)}, ${i % latent}]`,
      );
      const { want, limit } = ratios({ rows: rows * samples, latent, logVarRange }, elements);
      close(
        results.f32('ratio'),
        want,
        (row) => limit[row] ?? 0,
        (row) => `ratio[${row}]`,
      );
    });

  test(`log_ratio_gradient ${size}`, async () => {
    const { repeated, elements } = sampledProblem(shape, 'noise');
    const dratio = uniforms(7, rows * samples, -2, 2);
    const whole = { rows: rows * samples, latent, logVarRange, stream: 'noise' } as const;
    const bound = { dratio, heads: repeated, ...state(rows), dheads: 2 * count };
    const results = await runKernel(logRatioGradient, whole, bound);
    const parts = elements.map((element) => throughRatio(element, at(dratio, element.row)));
    const limit = headsOf(
      whole,
      parts.map((part) => part.limit),
    );
    const want = headsOf(
      whole,
      parts.map((part) => part.want),
    );
    close(results.f32('dheads'), want, (i) => at(limit, i), headAt);
  });

  test(`sampled_gradient ${size}`, async () => {
    const { heads, elements } = sampledProblem(shape, 'noise');
    const dratio = uniforms(7, rows * samples, -2, 2);
    // Two columns more, as of a conditional model's labels.
    const dzColumns = latent + 2;
    const dz = uniforms(8, rows * samples * dzColumns, -2, 2);
    const bound = { dz, dratio, heads, ...state(rows), dheads: 2 * rows * latent };
    const results = await runKernel(sampledGradient, { ...shape, dzColumns, stream: 'noise' }, bound);
    const want: [number, number][] = range(rows * latent).map(() => [0, 0]);
    const limit: [number, number][] = range(rows * latent).map(() => [0, 0]);
    elements.forEach((element, i) => {
      const column = i % latent;
      const place = Math.floor(element.row / samples) * latent + column;
      const z = throughSample(element, at(dz, element.row * dzColumns + column));
      const ratio = throughRatio(element, at(dratio, element.row));
      for (const part of [0, 1] as const) {
        const [a, b] = [z.want[part], ratio.want[part]];
        (want[place] as number[])[part] = at(want[place] ?? [], part) + a + b;
        // And as many sums as there are samples, each of two.
        const off = z.limit[part] + ratio.limit[part] + (samples + 1) * ULP * (Math.abs(a) + Math.abs(b));
        (limit[place] as number[])[part] = at(limit[place] ?? [], part) + off;
      }
    });
    const all = { rows, latent, logVarRange };
    const limits = headsOf(all, limit);
    close(results.f32('dheads'), headsOf(all, want), (i) => at(limits, i), headAt);
  });
}

usesDevice(test);
test.run();
