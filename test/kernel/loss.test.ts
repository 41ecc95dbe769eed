// Binary cross entropy from logits and squared error, alone and with their gradients, and the rows' weights, against f64;
// and at the ends of the scale, where the textbook formula of cross entropy is infinite. Likelihoods: likelihoods.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  bceWithLogits,
  bceWithLogitsGradient,
  type LossShape,
  rowWeight,
  squaredError,
  squaredErrorGradient,
} from '../../src/kernels/losses/loss.js';
import { lossEpilogue } from '../../src/kernels/matmul/epilogues.js';
import { usesDevice } from '../support/device.js';
import { checkParts, LIGHT, runEpilogue, VARIANT, workOf } from '../support/kernels/epilogue-runner.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { progressOf, settingsOf, WEIGHTS } from '../support/kernels/step.js';
import { gradientLimit, LIMITS } from '../support/limits/activations.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { bceLimit, reductionLimit, sigmoidLimit, ULP } from '../support/limits/tolerance.js';
import { activate, slope } from '../support/oracle/interpret.js';

const LANES = 64;
const SIZES: LossShape[] = [
  { rows: 1, pixels: 1 },
  { rows: 3, pixels: 63 },
  { rows: 3, pixels: 64 },
  { rows: 3, pixels: 65 },
  { rows: 17, pixels: 31 },
  { rows: 128, pixels: 784 },
];
const EXTREMES = [0, 1, -1, 17, -17, 50, -50, 88, -88, 100, -100, 1e4, -1e4];

/** -x log(sigmoid(l)) - (1-x) log(1-sigmoid(l)), of which the logarithms are -log(1 + exp(-l)) and -log(1 + exp(l)). */
function crossEntropy(l: number, x: number): number {
  const softplus = (v: number) => (v > 0 ? v + Math.log1p(Math.exp(-v)) : Math.log1p(Math.exp(v)));
  return x * softplus(-l) + (1 - x) * softplus(l);
}

const sigmoid = (l: number): number => 1 / (1 + Math.exp(-l));

interface Problem extends LossShape {
  logits: Float32Array;
  targets: Float32Array;
  /** The reference, a row, with its limit. */
  sums: Float64Array;
  sumLimits: Float64Array;
}

function problemOf({ rows, pixels }: LossShape, logits: Float32Array, targets: Float32Array): Problem {
  const sums = new Float64Array(rows);
  const sumLimits = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let limits = 0;
    for (let i = row * pixels; i < (row + 1) * pixels; i++) {
      sums[row] = (sums[row] ?? 0) + crossEntropy(logits[i] ?? 0, targets[i] ?? 0);
      limits += bceLimit(logits[i] ?? 0, targets[i] ?? 0);
    }
    sumLimits[row] = limits + reductionLimit(pixels, LANES, sums[row] ?? 0); // no term is negative
  }
  return { rows, pixels, logits, targets, sums, sumLimits };
}

function ordinary(shape: LossShape): Problem {
  const count = shape.rows * shape.pixels;
  const targets = uniforms(2, count, -0.5, 1.5).map((value) => Math.min(Math.max(value, 0), 1)); // half of them 0 or 1
  return problemOf(shape, uniforms(1, count, -6, 6), targets);
}

/** Every extreme logit against targets 0, 1/3 and 1, each in a row of its own. */
function extremes(): Problem {
  const pairs = EXTREMES.flatMap((l) => [0, 1 / 3, 1].map((x) => [l, x] as const));
  const column = (which: 0 | 1) => Float32Array.from(pairs, (pair) => pair[which]);
  return problemOf({ rows: pairs.length, pixels: 1 }, column(0), column(1));
}

const PROBLEMS: [string, () => Problem][] = [
  ...SIZES.map((shape): [string, () => Problem] => [`${shape.rows}x${shape.pixels}`, () => ordinary(shape)]),
  ['at extreme logits', extremes],
];

function checkSums(got: Float32Array, { logits, targets, sums, sumLimits, pixels }: Problem): void {
  const describe = (row: number) =>
    pixels === 1 ? `bce of logit ${logits[row]}, target ${targets[row]}` : `bce[${row}]`;
  close(got, sums, (row) => sumLimits[row] ?? 0, describe);
}

/** d bce / d logit = weight (sigmoid(logit) - target): the sigmoid, a difference, a product. */
function checkGradient(got: Float32Array, { logits, targets, pixels }: Problem, weight: (row: number) => number): void {
  const difference = Float64Array.from(logits, (l, i) => sigmoid(l) - (targets[i] ?? 0));
  const want = difference.map((value, i) => weight(Math.floor(i / pixels)) * value);
  const limit = (i: number) =>
    Math.abs(weight(Math.floor(i / pixels))) * (sigmoidLimit(logits[i] ?? 0) + 2 * ULP * Math.abs(difference[i] ?? 0));
  close(got, want, limit, (i) => `dlogits at logit ${logits[i]}, target ${targets[i]}`);
}

for (const [title, make] of PROBLEMS) {
  test(`bce_with_logits ${title}`, async () => {
    const problem = make();
    const { rows, pixels, logits, targets } = problem;
    const results = await runKernel(bceWithLogits, { rows, pixels }, { logits, targets, bce: rows });
    checkSums(results.f32('bce'), problem);
  });

  test(`bce_with_logits_gradient ${title}`, async () => {
    const problem = make();
    const { rows, pixels, logits, targets } = problem;
    const weight = uniforms(3, rows);
    const bound = { weight, logits, targets, dlogits: logits.length };
    const results = await runKernel(bceWithLogitsGradient, { rows, pixels }, bound);
    checkGradient(results.f32('dlogits'), problem, (row) => weight[row] ?? 0);
  });

  // Half of the rows live: both stop there.
  for (const gradient of [true, false])
    test(`bce ${title} as an epilogue, half of the batch live${gradient ? '' : ', no gradient'}`, async () => {
      const problem = make();
      const { rows, pixels, logits, targets } = problem;
      const live = Math.ceil(rows / 2);
      const epilogue = lossEpilogue({ kind: 'bce', gradient, keepsInput: false });
      const product = { rows, columns: pixels, values: logits, variant: gradient ? VARIANT : LIGHT };
      const results = await runEpilogue(epilogue, product, {
        ...stateOf(live),
        bias: new Float32Array(pixels),
        targets,
        losses: workOf(epilogue, product).groups,
        ...(gradient && { dx: logits.length }),
      });
      checkParts(results.f32('losses'), problem.sums, problem.sumLimits, live, workOf(epilogue, product));
      if (gradient) checkGradient(results.f32('dx'), problem, (row) => (row < live ? (WEIGHTS.get('bce') ?? 0) : 0));
    });
}

const stateOf = (live: number) => ({ settings: settingsOf(), progress: progressOf({ rows: live }) });

// What is above is of one row an example. Of feature maps an example is some: then as many times the rows are live, to the bit.
for (const kind of ['bce', 'squared_error', 'gaussian_nll', 'poisson_nll'] as const)
  test(`${kind} of feature maps as an epilogue: three rows an example, of six examples four`, async () => {
    const [examples, area, channels, live] = [6, 3, 5, 4];
    const [rows, count] = [examples * area, examples * area * channels];
    const product = { rows, columns: channels, values: uniforms(1, count, -1, 1) };
    const run = async (own: { area?: number }, liveRows: number) => {
      const epilogue = lossEpilogue({ kind, gradient: true, keepsInput: false, ...own });
      const { groups } = workOf(epilogue, product);
      const learned = kind === 'gaussian_nll' && { log_sigma: Float32Array.of(-0.5), sigma_parts: groups };
      const bound = { bias: uniforms(2, channels), targets: uniforms(3, count, 0, 1), losses: groups, dx: count };
      const results = await runEpilogue(epilogue, product, { ...stateOf(liveRows), ...bound, ...learned });
      return ['losses', 'dx', ...(learned ? ['sigma_parts'] : [])].map((name) => results.u32(name).slice());
    };
    assert.equal(await run({ area }, live), await run({}, live * area));
  });

/** Squared error, a row, with its limit; and how far a difference may be off: outputs and targets are exact. */
function squares({ rows, pixels }: LossShape, y: Float32Array, targets: Float32Array) {
  const want = new Float64Array(rows);
  y.forEach((value, i) => {
    const row = Math.floor(i / pixels);
    want[row] = (want[row] ?? 0) + (value - (targets[i] ?? 0)) ** 2;
  });
  // A difference twice (it is squared), a product, the sum.
  return { want, limit: (row: number) => 3 * ULP * (want[row] ?? 0) + reductionLimit(pixels, LANES, want[row] ?? 0) };
}

for (const shape of SIZES) {
  const { rows, pixels } = shape;
  const size = `${rows}x${pixels}`;
  const count = rows * pixels;
  const [y, targets] = [uniforms(1, count, -1, 1), uniforms(2, count, -1, 1)];

  test(`squared_error ${size}`, async () => {
    const results = await runKernel(squaredError, shape, { y, targets, loss: rows });
    const { want, limit } = squares(shape, y, targets);
    close(results.f32('loss'), want, limit);
  });

  test(`squared_error_gradient ${size}`, async () => {
    const weight = uniforms(3, rows);
    const results = await runKernel(squaredErrorGradient, shape, { weight, y, targets, dy: count });
    const want = Float64Array.from(
      y,
      (value, i) => 2 * (weight[Math.floor(i / pixels)] ?? 0) * (value - (targets[i] ?? 0)),
    );
    close(results.f32('dy'), want, (i) => 3 * ULP * Math.abs(want[i] ?? 0)); // 2 w is exact; a difference and a product
  });

  // Through an activation whose slope is told from its output, one from its input, and none.
  for (const activation of ['identity', 'sigmoid', 'silu'] as const)
    test(`squared_error ${size} as an epilogue, through ${activation}, half of the batch live`, async () => {
      const live = Math.ceil(rows / 2);
      const keepsInput = activation === 'silu';
      const epilogue = lossEpilogue({ kind: 'squared_error', gradient: true, keepsInput });
      const product = {
        rows,
        columns: pixels,
        values: y,
        activation,
        variant: activation === 'sigmoid' ? VARIANT : LIGHT,
      };
      const results = await runEpilogue(epilogue, product, {
        ...stateOf(live),
        bias: new Float32Array(pixels),
        targets,
        losses: workOf(epilogue, product).groups,
        dx: count,
      });
      const outputs = y.map(activate[activation]);
      const outputLimit = (i: number) => LIMITS[activation].forward(y[i] ?? 0);
      const { want, limit } = squares(shape, outputs, targets);
      const limits = Array.from(want, (_, row) => {
        let off = 0;
        for (let i = row * pixels; i < (row + 1) * pixels; i++)
          off += 2 * Math.abs((outputs[i] ?? 0) - (targets[i] ?? 0)) * outputLimit(i) + outputLimit(i) ** 2;
        return limit(row) + off + ULP * (want[row] ?? 0);
      });
      checkParts(results.f32('losses'), want, limits, live, workOf(epilogue, product));
      const gradient = Float64Array.from(y, (x, i) => {
        const weight = Math.floor(i / pixels) < live ? (WEIGHTS.get('bce') ?? Number.NaN) : 0;
        const kept = keepsInput ? x : activate[activation](x);
        return 2 * weight * (activate[activation](x) - (targets[i] ?? 0)) * slope[activation](kept);
      });
      const gradientLimits = (i: number) => {
        const weight = Math.floor(i / pixels) < live ? (WEIGHTS.get('bce') ?? Number.NaN) : 0;
        const kept = keepsInput ? (y[i] ?? 0) : activate[activation](y[i] ?? 0);
        const error = activate[activation](y[i] ?? 0) - (targets[i] ?? 0);
        // The output's error reaches both factors; then a difference and two products.
        const slopeError = keepsInput ? 0 : 2 * outputLimit(i);
        return (
          gradientLimit(activation, kept, 2 * weight * Math.abs(error), gradient[i] ?? 0) +
          2 * weight * (outputLimit(i) * Math.abs(slope[activation](kept)) + Math.abs(error) * slopeError) +
          4 * ULP * Math.abs(gradient[i] ?? 0)
        );
      };
      close(results.f32('dx'), gradient, gradientLimits);
    });
}

test('a reduction gives the same bits twice', async () => {
  const { rows, pixels, logits, targets } = ordinary({ rows: 128, pixels: 784 });
  const once = () => runKernel(bceWithLogits, { rows, pixels }, { logits, targets, bce: rows });
  assert.equal((await once()).u32('bce'), (await once()).u32('bce'));
});

for (const rows of [1, 63, 64, 65, 128])
  for (const [term, weight] of WEIGHTS)
    test(`row_weight of ${term}, ${rows} rows`, async () => {
      const live = Math.ceil(rows / 2);
      const bound = { settings: settingsOf(), progress: progressOf({ rows: live }), weight: rows };
      const results = await runKernel(rowWeight, { rows, term }, bound);
      assert.equal(
        [...results.f32('weight')],
        Array.from({ length: rows }, (_, row) => (row < live ? weight : 0)),
      );
    });

usesDevice(test);
test.run();
