// The likelihood of a Gaussian whose deviation is trained, and of counts, alone and as epilogues, with their gradients, against
// f64; at the ends of the scale, too.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  gaussianNll,
  gaussianNllGradient,
  type LossShape,
  logSigmaGradient,
  poissonNll,
  poissonNllGradient,
  sumParts,
} from '../../src/kernels/losses/loss.js';
import { lossEpilogue } from '../../src/kernels/matmul/epilogues.js';
import { usesDevice } from '../support/device.js';
import { LIGHT, runEpilogue, VARIANT, workOf } from '../support/kernels/epilogue-runner.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { progressOf, settingsOf, WEIGHTS } from '../support/kernels/step.js';
import { LIMITS } from '../support/limits/activations.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import {
  DIVISION,
  expUlps,
  LOG_ONE_PLUS,
  logLimit,
  oneMinusExpLimit,
  reductionLimit,
  sigmoidLimit,
  TINY,
  ULP,
} from '../support/limits/tolerance.js';
import { activate, logGamma, poissonNll as poisson64, slope } from '../support/oracle/interpret.js';

const LANES = 64;
const SIZES: LossShape[] = [
  { rows: 1, pixels: 1 },
  { rows: 3, pixels: 63 },
  { rows: 3, pixels: 64 },
  { rows: 3, pixels: 65 },
  { rows: 17, pixels: 31 },
  { rows: 128, pixels: 784 },
];
/** f32 numbers: what is given is exact. */
const LOG_SIGMAS = [0, -1.25, 1.5, -14.5, -15, -40, 30];

const WEIGHT = WEIGHTS.get('bce') ?? Number.NaN;
const stateOf = (live: number) => ({ settings: settingsOf(), progress: progressOf({ rows: live }) });
const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0);

/** A value in f64, and how far f32 may be from it. */
interface Bounded {
  want: number;
  limit: number;
}

/** Sums of bounded values; `reduce` as reductionLimit, of the sum of absolute values. */
function sumOf(values: readonly Bounded[], reduce: (absolute: number) => number): Bounded {
  const absolute = values.reduce((sum, { want }) => sum + Math.abs(want), 0);
  const limit = values.reduce((sum, each) => sum + each.limit, 0) + reduce(absolute);
  return { want: values.reduce((sum, { want }) => sum + want, 0), limit };
}

/** Rows' sums of what `each` says of an element. */
const rowSums = ({ rows, pixels }: LossShape, each: (at: number) => Bounded): Bounded[] =>
  Array.from({ length: rows }, (_, row) =>
    sumOf(
      Array.from({ length: pixels }, (_, column) => each(row * pixels + column)),
      (absolute) => reductionLimit(pixels, LANES, absolute),
    ),
  );

const closeAll = (got: ArrayLike<number>, wanted: readonly Bounded[], what: (at: number) => string) =>
  close(
    got,
    wanted.map(({ want }) => want),
    (at) => wanted[at]?.limit ?? 0,
    what,
  );

/** Parts of an epilogue add up to what the live elements come to. */
function closeParts(
  parts: Float32Array,
  live: readonly Bounded[],
  work: ReturnType<typeof workOf>,
  what: string,
): void {
  const { want, limit } = sumOf(live, (absolute) => {
    const inLanes = reductionLimit(work.elements, work.lanes, absolute);
    return inLanes + work.elements * ULP * absolute; // a tile may be fewer lanes' work than its elements
  });
  close(
    [total(parts)],
    [want],
    () => limit,
    () => `${what}: the sum of ${parts.length} parts`,
  );
}

// --- Gaussian ------------------------------------------------------------------------------------------------------

interface Sigma {
  log: Bounded;
  /** 1 / sigma, and how far off in ulps of it. */
  inverse: number;
  inverseUlps: number;
  slope: Bounded;
}

/**
 * lib/losses/gaussian_nll.wgsl: log = max(l, floor) + log(1 + exp(-|l - floor|)). The difference is rounded, which its exp and the
 * logarithm of that carry on; then a sum. What log is off, exp(-log) is off in relation, beside its own ulps.
 */
function sigmaOf(l: number): Sigma {
  const above = l + 15;
  const e = Math.exp(-Math.abs(above));
  const log = Math.max(l, -15) + Math.log1p(e);
  const logarithm = ULP * (e * (expUlps(above) + Math.abs(above)) + LOG_ONE_PLUS * Math.log1p(e)) + TINY;
  const logLimit = logarithm + ULP * Math.abs(log);
  const want = 1 / (1 + Math.exp(-above));
  return {
    log: { want: log, limit: logLimit },
    inverse: Math.exp(-log),
    inverseUlps: expUlps(log) + logLimit / ULP,
    slope: { want, limit: sigmoidLimit(above) + ULP * Math.abs(above) * Math.exp(-Math.abs(above)) },
  };
}

/** (y - wanted) / sigma: a difference, its error beside that of y, and a product. In units of sigma. */
function standardized(y: Bounded, wanted: number, { inverse, inverseUlps }: Sigma): Bounded {
  const want = (y.want - wanted) * inverse;
  return { want, limit: y.limit * inverse * (1 + (inverseUlps + 2) * ULP) + Math.abs(want) * (inverseUlps + 2) * ULP };
}

/** r^2 / 2 + (log sigma + constant): the half is exact, a product; the constant is rounded; two sums. */
function gaussianOf(r: Bounded, { log }: Sigma): Bounded {
  const constant = Math.log(2 * Math.PI) / 2;
  const half = r.want ** 2 / 2;
  const rest = log.want + constant;
  const off = Math.abs(r.want) * r.limit + r.limit ** 2 / 2 + ULP * half;
  return {
    want: half + rest,
    limit: off + log.limit + ULP * (constant + Math.abs(rest) + Math.abs(half + rest)) + TINY,
  };
}

/** weight (1 - r^2) slope: a product, a difference, two products. */
function sigmaSlopeOf(r: Bounded, sigma: Sigma, weight: number): Bounded {
  const square = r.want ** 2;
  const difference = 1 - square;
  const off = 2 * Math.abs(r.want) * r.limit + r.limit ** 2 + ULP * (square + Math.abs(difference));
  const want = weight * difference * sigma.slope.want;
  const limit = Math.abs(weight) * (off * sigma.slope.want + Math.abs(difference) * sigma.slope.limit);
  return { want, limit: limit + 2 * ULP * Math.abs(want) + TINY };
}

for (const shape of SIZES)
  for (const logSigma of shape.rows === 17 ? LOG_SIGMAS : [-1.25]) {
    const { rows, pixels } = shape;
    const title = `${rows}x${pixels}, log_sigma ${logSigma}`;
    const count = rows * pixels;
    const sigma = sigmaOf(logSigma);
    // Targets some deviations from what is made of them, whatever these are.
    const y = uniforms(1, count, -1, 1);
    const away = uniforms(2, count, -2, 2);
    const targets = y.map((value, i) => value + (away[i] ?? 0) / Math.max(sigma.inverse, 1e-3));
    const weight = uniforms(3, rows, 0.1, 1);
    const log_sigma = Float32Array.of(logSigma);
    const errors = Array.from(y, (value, i) => standardized({ want: value, limit: 0 }, targets[i] ?? 0, sigma));
    const error = (at: number) => errors[at] ?? { want: Number.NaN, limit: 0 };

    test(`gaussian_nll ${title}`, async () => {
      const results = await runKernel(gaussianNll, shape, { y, targets, log_sigma, loss: rows });
      closeAll(
        results.f32('loss'),
        rowSums(shape, (at) => gaussianOf(error(at), sigma)),
        (row) => `loss[${row}]`,
      );
    });

    test(`gaussian_nll_gradient ${title}`, async () => {
      const results = await runKernel(gaussianNllGradient, shape, { weight, y, targets, log_sigma, dy: count });
      const wanted = errors.map((r, at): Bounded => {
        const want = (weight[Math.floor(at / pixels)] ?? 0) * r.want * sigma.inverse;
        return { want, limit: Math.abs(want) * (2 * sigma.inverseUlps + 4) * ULP + TINY };
      });
      closeAll(results.f32('dy'), wanted, (at) => `dy[${at}]`);
    });

    test(`log_sigma_gradient ${title}`, async () => {
      const bound = { weight, y, targets, log_sigma, gradient: 1 };
      const results = await runKernel(logSigmaGradient, shape, bound);
      const each = errors.map((r, at) => sigmaSlopeOf(r, sigma, weight[Math.floor(at / pixels)] ?? 0));
      const wanted = sumOf(each, (absolute) => reductionLimit(count, LANES, absolute));
      closeAll(results.f32('gradient'), [wanted], () => 'gradient');
    });

    test(`log_sigma_gradient ${title}, in parts`, async () => {
      const part = Math.max(1, Math.ceil(count / 3));
      const parts = Math.ceil(count / part);
      const bound = { weight, y, targets, log_sigma, gradient: parts };
      const results = await runKernel(logSigmaGradient, { ...shape, part }, bound);
      const each = errors.map((r, at) => sigmaSlopeOf(r, sigma, weight[Math.floor(at / pixels)] ?? 0));
      const wanted = Array.from({ length: parts }, (_, i) =>
        sumOf(each.slice(i * part, (i + 1) * part), (absolute) => reductionLimit(part, LANES, absolute)),
      );
      closeAll(results.f32('gradient'), wanted, (i) => `gradient[${i}]`);
    });

    // Through an activation whose slope is told from its output, one from its input, and none.
    for (const activation of ['identity', 'sigmoid', 'silu'] as const)
      for (const gradient of [true, false])
        test(`gaussian_nll ${title} as an epilogue, through ${activation}, half of the batch live${gradient ? '' : ', no gradient'}`, async () => {
          const live = Math.ceil(rows / 2);
          const keepsInput = activation === 'silu';
          const epilogue = lossEpilogue({ kind: 'gaussian_nll', gradient, keepsInput });
          const variant = activation === 'sigmoid' && gradient ? VARIANT : LIGHT;
          const product = { rows, columns: pixels, values: y, activation, variant };
          const work = workOf(epilogue, product);
          const results = await runEpilogue(epilogue, product, {
            ...stateOf(live),
            bias: new Float32Array(pixels),
            targets,
            losses: work.groups,
            log_sigma,
            ...(gradient && { dx: count, sigma_parts: work.groups }),
          });
          const outputs = Array.from(
            y,
            (x): Bounded => ({ want: activate[activation](x), limit: LIMITS[activation].forward(x) }),
          );
          const own = outputs.map((output, at) => standardized(output, targets[at] ?? 0, sigma));
          const alive = own.slice(0, live * pixels);
          closeParts(
            results.f32('losses'),
            alive.map((r) => gaussianOf(r, sigma)),
            work,
            'losses',
          );
          if (!gradient) return;
          closeParts(
            results.f32('sigma_parts'),
            alive.map((r) => sigmaSlopeOf(r, sigma, WEIGHT)),
            work,
            'log_sigma',
          );
          const wanted = own.map((r, at): Bounded => {
            const [x, rowWeight] = [y[at] ?? 0, Math.floor(at / pixels) < live ? WEIGHT : 0];
            const output = outputs[at] ?? { want: 0, limit: 0 };
            const kept = keepsInput ? x : output.want;
            const steep = slope[activation](kept);
            // The slope of the sigmoid changes by less than the output does.
            const steepLimit = LIMITS[activation].slope(kept) + (keepsInput ? 0 : output.limit);
            const before = rowWeight * r.want * sigma.inverse;
            const beforeLimit = rowWeight * sigma.inverse * r.limit + Math.abs(before) * (sigma.inverseUlps + 2) * ULP;
            const want = before * steep;
            return {
              want,
              limit:
                beforeLimit * (Math.abs(steep) + steepLimit) +
                Math.abs(before) * steepLimit +
                ULP * Math.abs(want) +
                TINY,
            };
          });
          closeAll(results.f32('dx'), wanted, (at) => `dx[${at}]`);
        });
  }

for (const count of [1, 63, 64, 65, 100])
  test(`sum_parts of ${count}`, async () => {
    const parts = uniforms(1, count, -1, 1);
    const results = await runKernel(sumParts, { count }, { parts, sum: 1 });
    const wanted = sumOf(
      Array.from(parts, (want) => ({ want, limit: 0 })),
      (absolute) => reductionLimit(count, LANES, absolute),
    );
    closeAll(results.f32('sum'), [wanted], () => 'sum');
  });

// --- Poisson -------------------------------------------------------------------------------------------------------

/** lib/losses/poisson.wgsl: log x! - x log x + x, by Stirling's series at z. */
function restOf(x: number): Bounded {
  const small = x < 8;
  const z = small ? x + 4 : x;
  const logX = x > 0 ? Math.log(x) : 0;
  const want = logGamma(x + 1) - x * logX + x;
  // The constant and half the logarithm; the series is below 1 / 48 and each of its few operations below an ulp of that; two sums.
  const series = 0.919 + Math.abs(Math.log(z)) / 2 + 1 / 12 / z;
  const rest = logLimit(z) / 2 + ULP * (0.919 + (1 / 12 / z) * (8 + DIVISION) + 2 * series) + 1e-8;
  if (!small) return { want, limit: rest };
  // z log z with z and its logarithm rounded, x log x, and log of the product, whose four factors and three products are; four sums.
  const product = (x + 1) * (x + 2) * (x + 3) * (x + 4);
  const terms = z * Math.log(z) + x * Math.abs(logX) + 4 + Math.log(product) + series;
  const logarithms = z * logLimit(z) + ULP * z * (1 + Math.log(z)) + x * logLimit(x || 1) + logLimit(product) + 7 * ULP;
  return { want, limit: rest + logarithms + ULP * (z * Math.log(z) + x * Math.abs(logX) + 4 * terms) };
}

/**
 * x (exp(t) - 1 - t) + rest(x) + (l - m) (rate - x), t = m - log x, m = min(l, 20). What t is off reaches the first term times
 * |rate - x|; there exp(t) - 1 is one_minus_exp, times exp(t) for t > 0; then a difference, a product, and sums.
 */
function poissonOf(l: number, x: number): Bounded {
  const m = Math.min(l, 20);
  const rate = Math.exp(m);
  const rateLimit = ULP * expUlps(m) * rate + TINY;
  const rest = restOf(x);
  const past = (l - m) * (rate - x);
  const pastLimit = (l - m) * (rateLimit + 3 * ULP * Math.abs(rate - x));
  const want = poisson64(l, x);
  const sums = 2 * ULP * (Math.abs(want - past) + Math.abs(want) + Math.abs(rest.want)) + pastLimit + rest.limit;
  if (x < 1) {
    const logX = Math.log(Math.max(x, 2 ** -126));
    const xt = x * (Math.abs(m) + Math.abs(logX));
    return { want, limit: rateLimit + x * logLimit(x || 1) + 3 * ULP * xt + 3 * ULP * (rate + x + xt) + sums };
  }
  const logX = Math.log(x);
  const t = m - logX;
  const tLimit = logLimit(x) + ULP * Math.abs(t);
  const above = -Math.expm1(-Math.abs(t));
  const expT = Math.exp(t);
  const expm1Limit = t > 0 ? expT * (oneMinusExpLimit(t) + ULP * (expUlps(t) + 1) * above) : oneMinusExpLimit(-t);
  const difference = Math.expm1(t) - t;
  const inner = tLimit * Math.abs(Math.expm1(t)) + (tLimit ** 2 * expT) / 2 + expm1Limit + ULP * difference;
  return { want, limit: x * inner + ULP * x * difference + sums };
}

const LOG_RATES = [0, -1, 1, 5, 12, 19.9, 20, 21, 60, -5, -20, -87, -100, -1e4, 1e4];
const COUNTS = [0, 1, 2, 7, 8, 9, 150, 1e4, 3e6, 0.25, 0.999, 1e-20];

interface Counts extends LossShape {
  logRates: Float32Array;
  targets: Float32Array;
}

/** Counts of up to 30 or so, many of them 0, at rates about them. */
function ordinary({ rows, pixels }: LossShape): Counts {
  const count = rows * pixels;
  const logRates = uniforms(1, count, -3, 3.5);
  const targets = uniforms(2, count, 0, 2).map((share, i) => Math.floor(share * Math.exp(logRates[i] ?? 0)));
  return { rows, pixels, logRates, targets };
}

/** Every log rate with every count, each in a row of its own. */
function extremes(): Counts {
  const pairs = LOG_RATES.flatMap((l) => COUNTS.map((x) => [l, x] as const));
  const column = (which: 0 | 1) => Float32Array.from(pairs, (pair) => pair[which]);
  return { rows: pairs.length, pixels: 1, logRates: column(0), targets: column(1) };
}

const nllAt =
  ({ logRates, targets }: Counts) =>
  (at: number) =>
    poissonOf(logRates[at] ?? 0, targets[at] ?? 0);

/** weight (exp(min(l, 20)) - x): the rate, a difference, a product. */
function slopeAt({ logRates, targets }: Counts, weight: (at: number) => number): Bounded[] {
  return Array.from(logRates, (l, at) => {
    const rate = activate.exp(l);
    const difference = rate - (targets[at] ?? 0);
    const limit = Math.abs(weight(at)) * (LIMITS.exp.forward(l) + 2 * ULP * Math.abs(difference)) + TINY;
    return { want: weight(at) * difference, limit };
  });
}

const PROBLEMS: [string, () => Counts][] = [
  ...SIZES.map((shape): [string, () => Counts] => [`${shape.rows}x${shape.pixels}`, () => ordinary(shape)]),
  ['at extreme log rates', extremes],
];

for (const [title, make] of PROBLEMS) {
  const problem = make();
  const { rows, pixels, logRates, targets } = problem;
  const what = (at: number) => (pixels === 1 ? `log rate ${logRates[at]}, count ${targets[at]}` : `[${at}]`);

  test(`poisson_nll ${title}`, async () => {
    const results = await runKernel(poissonNll, { rows, pixels }, { log_rates: logRates, targets, loss: rows });
    assert.ok(results.f32('loss').every(Number.isFinite), 'finite');
    closeAll(results.f32('loss'), rowSums(problem, nllAt(problem)), what);
  });

  test(`poisson_nll_gradient ${title}`, async () => {
    const weight = uniforms(3, rows);
    const bound = { weight, log_rates: logRates, targets, dlog_rates: logRates.length };
    const results = await runKernel(poissonNllGradient, { rows, pixels }, bound);
    closeAll(
      results.f32('dlog_rates'),
      slopeAt(problem, (at) => weight[Math.floor(at / pixels)] ?? 0),
      what,
    );
  });

  for (const gradient of [true, false])
    test(`poisson_nll ${title} as an epilogue, half of the batch live${gradient ? '' : ', no gradient'}`, async () => {
      const live = Math.ceil(rows / 2);
      const epilogue = lossEpilogue({ kind: 'poisson_nll', gradient, keepsInput: false });
      const product = { rows, columns: pixels, values: logRates, variant: gradient ? VARIANT : LIGHT };
      const work = workOf(epilogue, product);
      const results = await runEpilogue(epilogue, product, {
        ...stateOf(live),
        bias: new Float32Array(pixels),
        targets,
        losses: work.groups,
        ...(gradient && { dx: logRates.length }),
      });
      const alive = Array.from({ length: live * pixels }, (_, at) => nllAt(problem)(at));
      closeParts(results.f32('losses'), alive, work, 'losses');
      if (!gradient) return;
      closeAll(
        results.f32('dx'),
        slopeAt(problem, (at) => (Math.floor(at / pixels) < live ? WEIGHT : 0)),
        what,
      );
    });
}

usesDevice(test);
test.run();
