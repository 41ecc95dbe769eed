// One update of every optimizer against torch.optim's formulas in f64; Adam at step counts where the bias corrections are
// 0.1 and 0.001, where only the second still counts, and where both are 1: a correction that is frozen, or off by one
// step, shows. Parts (momentum, Nesterov, weight decay, clipping) are there or not, and so are their bindings.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { optimizerEpilogue } from '../../src/kernels/matmul/epilogues.js';
import { type MatmulVariant, variantText } from '../../src/kernels/matmul/matmul-variants.js';
import { formOf, optimizer } from '../../src/kernels/optimizer.js';
import { type Optimizer, type OptimizerSpec, resolveOptimizer } from '../../src/model/optimizer.js';
import { device, usesDevice } from '../support/device.js';
import { runEpilogue } from '../support/kernels/epilogue-runner.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { LEARNING_RATE, progressOf, settingsOf } from '../support/kernels/step.js';
import { type Bounded, exact, minus, over, plus, root, rounded, times, within } from '../support/limits/bounded.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';

const RATE_FACTOR = Math.fround(0.3);
const CLIP = Math.fround(0.37);
/**
 * 1 - beta^t = 1 - exp(-a), a = t |log beta|, in ulps. a has a constant and a product. Up to a = 1/2 an error of a arrives
 * whole, the series ends in a product (1), its bracket is a difference (1) of 1 and at most a/2 = 1/4 that is within 6 ulps
 * (a, a division, two products): 5 and what is left out, below 1. Beyond, exp(-a) <= 0.61 is within 3 + 2a ulps of at most
 * 0.61 / 0.39 of the result, which is largest at a = 1/2, and the difference is 1 more: 7.5, and 1 for a's own error.
 */
const CORRECTION = 9;

interface State {
  w: Bounded;
  m: Bounded;
  v: Bounded;
}

const RATE = times(rounded(LEARNING_RATE), exact(RATE_FACTOR));

/** torch.optim, single tensor: step `t` counts from 1. */
function reference(spec: Optimizer, { w, m, v }: State, gradient: Bounded, t: number): State {
  const decay = rounded(spec.weightDecay);
  if (spec.kind === 'adamw') {
    const decayed = spec.weightDecay > 0 ? minus(w, times(times(RATE, decay), w)) : w;
    return adam(spec.betas, spec.epsilon, { w: decayed, m, v }, gradient, t);
  }
  const g = spec.weightDecay > 0 ? plus(gradient, times(decay, w)) : gradient;
  if (spec.kind === 'adam') return adam(spec.betas, spec.epsilon, { w, m, v }, g, t);
  const momentum = rounded(spec.momentum);
  const buffer = (direction: Bounded) => (spec.momentum > 0 ? plus(times(momentum, m), direction) : direction);
  if (spec.kind === 'sgd') {
    const next = buffer(g);
    const step = spec.nesterov ? plus(g, times(momentum, next)) : next;
    return { w: minus(w, times(RATE, step)), m: next, v };
  }
  const square = meanSquare(spec.alpha, v, g);
  const next = buffer(over(g, plus(root(square), rounded(spec.epsilon))));
  return { w: minus(w, times(RATE, next)), m: next, v: square };
}

const meanSquare = (beta: number, v: Bounded, g: Bounded): Bounded =>
  plus(times(rounded(beta), v), times(times(rounded(1 - beta), g), g));

function adam([beta1, beta2]: [number, number], epsilon: number, { w, m, v }: State, g: Bounded, t: number): State {
  const mean = plus(times(rounded(beta1), m), times(rounded(1 - beta1), g));
  const square = meanSquare(beta2, v, g);
  const size = over(RATE, within(1 - beta1 ** t, CORRECTION));
  const denominator = plus(over(root(square), root(within(1 - beta2 ** t, CORRECTION))), rounded(epsilon));
  return { w: minus(w, over(times(size, mean), denominator)), m: mean, v: square };
}

/** One update of `count` numbers at step `t`, from 1. */
async function check(
  given: OptimizerSpec,
  { count = 1028, t = 3, skipped = 0, clip = false, scaled = false },
): Promise<void> {
  const spec = resolveOptimizer(given);
  const kernel = optimizer({ ...formOf(spec, clip), scaled });
  const first = t === 1;
  const all = {
    w: uniforms(1, count, -0.05, 0.05),
    m: first ? new Float32Array(count) : uniforms(2, count, -0.01, 0.01),
    v: first ? new Float32Array(count) : uniforms(3, count, 0, 1e-4),
  };
  const gradient = uniforms(4, count, -0.1, 0.1);
  // Padding, and weights that the loss does not depend on: nothing may move.
  const still = spec.weightDecay === 0 ? [0, count - 1] : [];
  for (const i of still) all.m[i] = all.v[i] = gradient[i] = 0;
  const held = (['w', 'm', 'v'] as const).filter((name) => name in kernel.bindings);
  const state = Object.fromEntries(held.map((name) => [name, all[name]]));
  const settings = settingsOf({ optimizer: spec, clipNorm: 1 });
  const progress = progressOf({ step: t - 1 + skipped, updates: t - 1, rateFactor: RATE_FACTOR });
  const factor = Float32Array.of(CLIP);
  const parts = { ...(clip && { clip: factor }), ...(scaled && { scaling: Float32Array.of(CLIP, 0) }) };
  const bound = { gradient, settings, progress, ...state, ...parts };
  const results = await runKernel(kernel, { count }, bound);
  const want = Array.from({ length: count }, (_, i) => {
    const number = (values: Float32Array) => exact(values[i] ?? 0);
    const g = clip || scaled ? times(exact(CLIP), number(gradient)) : number(gradient);
    return reference(spec, { w: number(all.w), m: number(all.m), v: number(all.v) }, g, t);
  });
  for (const name of held)
    close(
      results.f32(name),
      want.map((each) => each[name].value),
      (i) => want[i]?.[name].limit ?? 0,
      (i) => `${name}[${i}]`,
    );
  for (const i of still) assert.is(results.f32('w')[i], all.w[i]);
}

const SPECS: OptimizerSpec[] = [
  { kind: 'adam' },
  { kind: 'adam', betas: [0.8, 0.99], epsilon: 1e-3, weightDecay: 0.1 },
  { kind: 'adamw' },
  { kind: 'adamw', weightDecay: 0 },
  { kind: 'adamw', betas: [0.8, 0.99], weightDecay: 0.3 },
  { kind: 'sgd' },
  { kind: 'sgd', weightDecay: 0.1 },
  { kind: 'sgd', momentum: 0.9 },
  { kind: 'sgd', momentum: 0.8, nesterov: true, weightDecay: 0.1 },
  { kind: 'rmsprop' },
  { kind: 'rmsprop', alpha: 0.9, epsilon: 1e-3, weightDecay: 0.1 },
  { kind: 'rmsprop', alpha: 0.9, momentum: 0.8 },
];

for (const spec of SPECS) {
  const name = JSON.stringify(spec);
  for (const step of [0, 1, 999, 1_000_000]) test(`${name}, step ${step}`, () => check(spec, { t: step + 1 }));
  test(`${name}, clipped`, () => check(spec, { clip: true }));
  test(`${name}, of a scaled loss, after 5 steps that updated nothing`, () =>
    check(spec, { scaled: true, skipped: 5 }));
}

for (const kind of ['adam', 'sgd', 'rmsprop'] as const)
  test(`${kind}: after an overflow nothing is updated`, async () => {
    const kernel = optimizer({ ...formOf(resolveOptimizer(kind), false), scaled: true });
    const count = 1028;
    const gradient = uniforms(4, count).fill(Number.NaN, 8, 12);
    const before = { w: uniforms(1, count), m: uniforms(2, count), v: uniforms(3, count, 0, 1) };
    const state = Object.fromEntries(Object.entries(before).filter(([name]) => name in kernel.bindings));
    const bound = { gradient, settings: settingsOf(), progress: progressOf({}), ...state };
    const results = await runKernel(kernel, { count }, { ...bound, scaling: Uint32Array.of(0x3f800000, 1) });
    for (const [name, values] of Object.entries(state)) assert.equal(results.f32(name), values, name);
  });

// A workgroup updates 4 x 256 numbers.
for (const count of [4, 1020, 1024, 17 * 31 * 4, 512 * 785])
  for (const kind of ['adam', 'sgd', 'rmsprop'] as const)
    test(`${kind}, ${count} numbers`, () => check({ kind }, { count }));

/**
 * The same at the end of a weight gradient's matmul, of a product [rows, columns] that is the gradient to the bit; that of
 * each bias is 1, the sum of a row of the identity. Between weight and bias, and behind it, is a gap that stays zero.
 */
async function checkEpilogue(given: OptimizerSpec, rows: number, columns: number, variant: MatmulVariant) {
  const spec = resolveOptimizer(given);
  const form = formOf(spec, false);
  const [weights, biasAt] = [rows * columns, 64 * Math.ceil((rows * columns) / 64)];
  const count = biasAt + 64;
  const isGap = (i: number) => (i >= weights && i < biasAt) || i >= biasAt + rows;
  const numbers = (seed: number, low: number, high: number) =>
    uniforms(seed, count, low, high).map((value, i) => (isGap(i) ? 0 : value));
  const all = { w: numbers(1, -0.05, 0.05), m: numbers(2, -0.01, 0.01), v: numbers(3, 0, 1e-4) };
  const values = uniforms(4, weights, -0.1, 0.1);
  const epilogue = optimizerEpilogue(form, biasAt);
  const held = (['w', 'm', 'v'] as const).filter((name) => name in epilogue.bindings);
  const bound = {
    settings: settingsOf({ optimizer: spec }),
    progress: progressOf({ step: 2, rateFactor: RATE_FACTOR }),
    ...Object.fromEntries(held.map((name) => [name, all[name]])),
  };
  const results = await runEpilogue(epilogue, { rows, columns, values, variant }, bound);
  const want = Array.from({ length: count }, (_, i) => {
    const number = (of: Float32Array) => exact(of[i] ?? 0);
    const gradient = isGap(i) ? 0 : i < weights ? (values[i] ?? Number.NaN) : 1;
    return reference(spec, { w: number(all.w), m: number(all.m), v: number(all.v) }, exact(gradient), 3);
  });
  for (const name of held)
    close(
      results.f32(name),
      want.map((each) => each[name].value),
      (i) => want[i]?.[name].limit ?? 0,
      (i) => `${name}[${i}]`,
    );
}

const VARIANTS: MatmulVariant[] = [
  { name: 'registers', lanes: 4 },
  ...(device.features.has('subgroups') ? [{ name: 'subgroups' as const, lanes: 4, columns: 8 }] : []),
];
for (const variant of VARIANTS)
  for (const [rows, columns, spec] of [
    [5, 12, { kind: 'adam' }], // whole quads of a row, and a bias that ends within one
    [9, 13, { kind: 'adamw', weightDecay: 0.3 }], // rows that begin within a quad
    [36, 40, { kind: 'rmsprop', momentum: 0.8 }], // more than a workgroup each way
  ] as const)
    test(`${variantText(variant)}, ${rows}x${columns}: ends in ${JSON.stringify(spec)}`, () =>
      checkEpilogue(spec, rows, columns, variant));

test('bindings: only what the optimizer has', () => {
  const bindings = (spec: OptimizerSpec, clip = false) => {
    const { name, bindings: all } = optimizer(formOf(resolveOptimizer(spec), clip));
    return `${name}: ${Object.keys(all).slice(3).join(' ')}`;
  };
  assert.is(bindings({ kind: 'adam' }), 'adam: w m v');
  assert.is(bindings({ kind: 'adamw' }, true), 'adamw+clip: w m v clip');
  assert.is(bindings({ kind: 'sgd' }), 'sgd: w');
  assert.is(bindings({ kind: 'sgd', momentum: 0.9 }, true), 'sgd+momentum+clip: w m clip');
  assert.is(bindings({ kind: 'rmsprop' }), 'rmsprop: w v');
  assert.is(bindings({ kind: 'rmsprop', momentum: 0.9 }), 'rmsprop+momentum: w v m');
});

test('an optimizer refuses a count that is not a whole number of quads', () => {
  const adam = optimizer(formOf(resolveOptimizer(), false));
  assert.throws(() => adam.sizes?.({ count: 6 }), 'adam: 6 numbers, must be a multiple of 4');
});

usesDevice(test);
test.run();
