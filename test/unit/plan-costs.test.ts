// What each dispatch of the seed model's training step costs, counted here from the sizes of its layers and the formulas
// that it computes, without the planner and the kernels' descriptors: rates and rooflines of a profile rest on these.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { OptimizerForm } from '../../src/kernels/optimizer.js';
import { vae } from '../../src/model/presets.js';
import { ACTIVATIONS, type Activation, type DenseSpec } from '../../src/model/spec.js';
import type { Plan } from '../../src/plan/plan.js';
import { trainingPlan } from '../support/plans.js';

const FLOAT = 4;
/** shaders/lib/step.wgsl: Settings, 26 words; Progress, 7 words. Kernels that look at the step read both. */
const STEP_STATE = 26 * 4 + 7 * 4;

/**
 * Operations an element of each activation: of y, and of dx = dy times the slope. Signs and |x| are none, a maximum and a
 * choice are one. `keepsX`: its slope is told from x, which the forward pass then writes too.
 */
const ACTIVATION: Record<Activation, { y: number; dx: number; keepsX?: true }> = {
  identity: { y: 0, dx: 0 },
  relu: { y: 1, dx: 1 },
  sigmoid: { y: 3, dx: 3 }, // 1 / (1 + exp(-x)): exp, +, /. dy y (1 - y): *, *, -.
  'leaky-relu': { y: 2, dx: 2 }, // *, choice, both ways
  elu: { y: 3, dx: 3 }, // exp, -, choice. y + 1, choice, *.
  gelu: { y: 8, dx: 15, keepsX: true }, // x s(t): *, 3, 4 for t = x (a + b x x). dy (s + x t' (s - s s)): 4, 3, 2 for t', 6.
  silu: { y: 4, dx: 8, keepsX: true }, // x s: *, 3. dy (s + x (s - s s)): 3, 5.
  softplus: { y: 4, dx: 3 }, // max, exp, log1p, +. dy (1 - exp(-y)): exp, -, *.
  tanh: { y: 5, dx: 4 }, // (1 - e) / (1 + e), e = exp(-2 x): *, exp, -, +, /. dy (1 - y) (1 + y): -, +, *, *.
};

interface Layer {
  name: string;
  inputs: number;
  units: number;
  /** What follows it: nothing after the heads and the logits. */
  after: Activation | null;
  /** What stands before it: its input gradient goes on through that. */
  before: Activation | null;
}

/** VAE pixels-h1-h2-latent and back; the heads are mu and log_var side by side. */
const layers = ([pixels, h1, h2, latent]: Sizes, activation: Activation): Layer[] => [
  { name: 'encoder.0', inputs: pixels, units: h1, before: null, after: activation },
  { name: 'encoder.2', inputs: h1, units: h2, before: activation, after: activation },
  { name: 'heads', inputs: h2, units: 2 * latent, before: activation, after: null },
  { name: 'decoder.0', inputs: latent, units: h2, before: null, after: activation },
  { name: 'decoder.2', inputs: h2, units: h1, before: activation, after: activation },
  { name: 'decoder.4', inputs: h1, units: pixels, before: activation, after: null },
];

type Sizes = readonly [pixels: number, h1: number, h2: number, latent: number];

interface Cost {
  flops: number;
  bytes: number;
}

/** y = activation(x w^T + b). Reads x, w and b, writes y and what is kept. One more for each y: the bias. */
const forward = (rows: number, { inputs, units, after }: Layer): Cost => ({
  flops: rows * units * (2 * inputs + 1 + (after ? ACTIVATION[after].y : 0)),
  bytes: FLOAT * (rows * inputs + units * inputs + units + rows * units * (keepsX(after) ? 2 : 1)),
});

const keepsX = (after: Activation | null) => after && ACTIVATION[after].keepsX;

/** dw = dy^T x, summed over the batch, and db. Reads dy and x, writes dw and db. */
const weightGradient = (rows: number, { inputs, units }: Layer): Cost => ({
  flops: units * inputs * 2 * rows + rows * units,
  bytes: FLOAT * (rows * units + rows * inputs + units * inputs + units),
});

/** dx = dy w, times the slope of the activation, told from what was kept. Reads dy, w and that, writes dx. */
const inputGradient = (rows: number, { inputs, units, before }: Layer): Cost => ({
  flops: rows * inputs * (2 * units + (before ? ACTIVATION[before].dx : 0)),
  bytes: FLOAT * (rows * units + units * inputs + (before ? 2 : 1) * rows * inputs),
});

/** Every row of the plan: "label kernel" without the matmul's variant -> its cost. */
function costs(rows: number, sizes: Sizes, activation: Activation = 'relu'): Map<string, Cost> {
  const [pixels, , , latent] = sizes;
  const all = layers(sizes, activation);
  const matmuls = all.flatMap((layer): [string, Cost][] => [
    [`${layer.name} bias_activation${keepsX(layer.after) ? '_keep' : ''}`, forward(rows, layer)],
    [`${layer.name} weight_gradient`, weightGradient(rows, layer)],
    [`${layer.name} ${layer.before ? 'activation_gradient' : 'plain'}`, inputGradient(rows, layer)],
  ]);
  const unasked = 'encoder.0 plain'; // the gradient of the images
  const parameters = all.reduce((sum, { inputs, units }) => sum + units * inputs + units, 0);
  // In the flat buffers each tensor starts on a multiple of 256 bytes, and the gaps are read and written too.
  const padded = all.flatMap(({ inputs, units }) => [units * inputs, units]).map((n) => 64 * Math.ceil(n / 64));
  const flat = FLOAT * padded.reduce((sum, n) => sum + n, 0);
  return new Map<string, Cost>([
    ...matmuls.filter(([name]) => name !== unasked),
    // Each pixel: a byte in, a float out, divided by 255.
    ['batch gather', { flops: rows * pixels, bytes: rows * pixels * (1 + FLOAT) }],
    // z = mu + eps exp(lv / 2): /2, exp, *, + = 4. (mu mu + exp(lv) - 1 - lv) / 2: *, exp, +, -, -, / = 6.
    ['z latent', { flops: rows * latent * (4 + 6), bytes: FLOAT * rows * (2 * latent + latent + 1) + STEP_STATE }],
    // max(l, 0) - l x + log(1 + exp(-|l|)): max, *, -, |l|, exp, log1p, + = 7. w (sigmoid(l) - x): exp, +, /, -, * = 5.
    ['bce bce', { flops: rows * pixels * (7 + 5), bytes: FLOAT * rows * (3 * pixels + 1) + STEP_STATE }],
    // Through z (dz dz/dmu, dz dz/dlv): /2, /2, exp, *, *, * = 6. Of the KL: w mu and w (exp(lv) - 1) / 2: *, exp, -, /,
    // *, and the row's weight = 6. Both added = 2.
    [
      'heads latent_gradient',
      { flops: rows * latent * (6 + 6 + 2), bytes: FLOAT * rows * (latent + 2 * latent + 2 * latent) + STEP_STATE },
    ],
    // m: *, *, +. v: *, *, *, +. w -= s m / (sqrt(v) / c + eps): *, sqrt, /, +, /, -. Reads g, w, m and v,
    // writes w, m and v.
    ['all parameters adam', { flops: 13 * parameters, bytes: 7 * flat + STEP_STATE }],
    // Two sums over the batch: what goes in and what comes out.
    ['bce + kl finish_step', { flops: 2 * rows, bytes: FLOAT * (2 * (rows + 1) + 1) }],
  ]);
}

function checkRows(plan: Plan, expected: Map<string, Cost>): void {
  const got = plan.dispatches.map(({ label, kernel, flops, bytes }) => ({
    name: `${label} ${kernel.replace(/^matmul_\w+\+/, '')}`,
    cost: { flops, bytes },
  }));
  assert.equal(got.map(({ name }) => name).sort(), [...expected.keys()].sort());
  for (const { name, cost } of got) assert.equal(cost, expected.get(name), name);
}

for (const [rows, sizes] of [
  [128, [784, 512, 256, 64]],
  [7, [35, 21, 13, 5]],
] as const)
  for (const matmulVariant of [
    { name: 'tiled' },
    { name: 'subgroups', lanes: 8 },
    { name: 'registers', lanes: 4 },
  ] as const)
    test(`VAE ${sizes.join('-')}, batch ${rows}, ${matmulVariant.name}: each row's flops and bytes`, () => {
      const [pixels, h1, h2, latent] = sizes;
      const plan = trainingPlan(vae({ pixels, hidden: [h1, h2], latent }), rows, { fuse: true, matmulVariant });
      checkRows(plan, costs(rows, sizes));
    });

// Without an activation a layer is no other node: the rows of its input gradient are plain.
for (const activation of ACTIVATIONS.filter((name) => name !== 'identity'))
  test(`VAE with ${activation}: each row's flops and bytes; unfused the same flops`, () => {
    const sizes: Sizes = [35, 21, 13, 5];
    const [pixels, h1, h2, latent] = sizes;
    const spec = vae({ pixels, hidden: [h1, h2], latent });
    const activated = (layer: DenseSpec) => (layer.activation === 'relu' ? { ...layer, activation } : layer);
    const changed = { ...spec, encoder: spec.encoder.map(activated), decoder: spec.decoder.map(activated) };
    const fused = trainingPlan(changed, 7, { fuse: true });
    checkRows(fused, costs(7, sizes, activation));
    const flops = (plan: Plan) => plan.dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
    assert.is(flops(fused), flops(trainingPlan(changed, 7, { fuse: false })));
  });

// Floating point operations a number. sgd: w -= lr g: *, -. Momentum: m = mu m + g: *, +; Nesterov: g + mu m: *, +.
// rmsprop: v: *, *, *, +; g / (sqrt(v) + eps): sqrt, +, /; w -= lr q: *, -. L2: g + c w: *, +. adamw: w -= c w: *, -.
const PARTS = { momentum: false, nesterov: false, weightDecay: false, clip: false };
for (const [form, flops, buffers] of [
  [{ ...PARTS, kind: 'adam', weightDecay: true }, 13 + 2, 7],
  [{ ...PARTS, kind: 'adamw', weightDecay: true }, 13 + 2, 7],
  [{ ...PARTS, kind: 'sgd' }, 2, 3],
  [{ ...PARTS, kind: 'sgd', momentum: true, nesterov: true, weightDecay: true }, 2 + 2 + 2 + 2, 5],
  [{ ...PARTS, kind: 'rmsprop' }, 9, 5],
  [{ ...PARTS, kind: 'rmsprop', momentum: true }, 9 + 2, 7],
] as [OptimizerForm, number, number][])
  test(`the update with ${JSON.stringify(form)}: flops and bytes`, () => {
    const plan = trainingPlan(vae(), 128, { fuse: true, optimizer: form });
    const update = plan.dispatches.find(({ kernel }) => kernel.startsWith(form.kind));
    assert.is(update?.flops, flops * 1_116_560);
    assert.is(update?.bytes, buffers * FLOAT * 1_116_608 + STEP_STATE);
  });

test('clipping: one more operation a number in the update, six in the sum of squares', () => {
  const { dispatches } = trainingPlan(vae(), 128, { fuse: true, optimizer: { ...PARTS, kind: 'sgd', clip: true } });
  const cost = (name: string) => {
    const found = dispatches.find(({ kernel }) => kernel === name);
    return { flops: found?.flops, bytes: found?.bytes };
  };
  const sums = 128 * 2 * FLOAT;
  assert.equal(cost('sgd+clip'), { flops: 3 * 1_116_560, bytes: 3 * FLOAT * 1_116_608 + STEP_STATE + FLOAT });
  assert.equal(cost('square_sums'), { flops: 6 * 1_116_608, bytes: FLOAT * 1_116_608 + sums });
  assert.equal(cost('clip_scale'), { flops: 2 * 128, bytes: sums + 26 * FLOAT + FLOAT });
});

test('the whole step: 0.77 GFLOP and 50.1 MiB', () => {
  const all = [...costs(128, [784, 512, 256, 64]).values()];
  const sum = (key: keyof Cost) => all.reduce((total, cost) => total + cost[key], 0);
  assert.is((sum('flops') / 1e9).toFixed(2), '0.77');
  assert.is((sum('bytes') / 2 ** 20).toFixed(1), '50.1');
});

test.run();
