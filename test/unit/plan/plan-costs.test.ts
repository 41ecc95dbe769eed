// What each dispatch of the seed model's training step costs, counted here from the sizes of its layers and the formulas
// that it computes, without the planner and the kernels' descriptors: rates and rooflines of a profile rest on these.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MatmulVariant } from '../../../src/kernels/matmul/matmul.js';
import type { OptimizerForm } from '../../../src/kernels/optimizer.js';
import { activationOf, type LayerSpec } from '../../../src/model/layers.js';
import { vae } from '../../../src/model/presets.js';
import { ACTIVATIONS, type Activation } from '../../../src/model/spec.js';
import type { Plan } from '../../../src/plan/plan.js';
import { trainingPlan } from '../../support/models/plans.js';

const FLOAT = 4;
/** shaders/lib/step/step.wgsl: Settings, 26 words; Progress, 5; Counters, 3. Kernels that look at the step read the first two. */
const SETTINGS = 26 * 4;
const PROGRESS = 7 * 4;
const STEP_STATE = SETTINGS + PROGRESS;

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
  exp: { y: 2, dx: 4, keepsX: true }, // exp, min. exp, min, choice, *.
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

/** In the flat buffers each tensor starts on a multiple of 256 bytes, and the gaps are read and written too. */
const padded = (numbers: number) => 64 * Math.ceil(numbers / 64);

/**
 * dw = dy^T x, summed over the batch, and db; then Adam of both. m: *, *, +. v: *, *, *, +. w -= s m / (sqrt(v) / c + eps):
 * *, sqrt, /, +, /, -. Reads dy and x, reads and writes w, m and v, of which the bias is a part.
 */
const update = (rows: number, { inputs, units }: Layer): Cost => ({
  flops: units * inputs * 2 * rows + rows * units + 13 * (units * inputs + units),
  bytes: FLOAT * (rows * units + rows * inputs + 2 * 3 * (padded(units * inputs) + padded(units))) + STEP_STATE,
});

/** dx = dy w, times the slope of the activation, told from what was kept. Reads dy, w and that, writes dx. */
const inputGradient = (rows: number, { inputs, units, before }: Layer): Cost => ({
  flops: rows * inputs * (2 * units + (before ? ACTIVATION[before].dx : 0)),
  bytes: FLOAT * (rows * units + units * inputs + (before ? 2 : 1) * rows * inputs),
});

/** Rows and columns of a workgroup, and how far apart mu and log_var of a dimension are among them. */
interface Tile {
  rows: number;
  columns: number;
  pair: number;
}

const TILES: Record<MatmulVariant['name'], (lanes: number) => Tile> = {
  tiled: () => ({ rows: 32, columns: 32, pair: 1 }),
  subgroups: (lanes) => ({ rows: 32, columns: 4 * lanes, pair: 1 }),
  matrix: () => ({ rows: 32, columns: 32, pair: 16 }),
  rows: (lanes) => ({ rows: 8 * lanes, columns: 4, pair: 1 }),
  registers: (lanes) => ({ rows: 8, columns: 8 * lanes, pair: lanes }),
};

/** Every row of the plan: "label kernel" without the matmul's variant -> its cost. */
function costs(rows: number, sizes: Sizes, tile: Tile, activation: Activation = 'relu'): Map<string, Cost> {
  const [pixels, h1, h2, latent] = sizes;
  const all = layers(sizes, activation);
  const groups = (columns: number) => Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
  // The last layer's matmul ends in the loss, a number a workgroup; the heads' in the divergence.
  const parts = {
    bce: groups(pixels),
    kl: groups(2 * tile.pair * Math.ceil(latent / tile.pair)),
  };
  const matmuls = all.flatMap((layer): [string, Cost][] => [
    [`${layer.name} bias_activation${keepsX(layer.after) ? '_keep' : ''}`, forward(rows, layer)],
    [`${layer.name} adam`, update(rows, layer)],
    [`${layer.name} activation_gradient`, inputGradient(rows, layer)],
  ]);
  const others = new Map(matmuls);
  for (const name of [
    'encoder.0 activation_gradient', // the gradient of the images, for which nobody asks
    'heads bias_activation',
    'decoder.4 bias_activation',
    'decoder.0 activation_gradient',
    'decoder.4 activation_gradient',
  ])
    assert.ok(others.delete(name), name);
  const last = all.at(-1) as Layer;
  const back = inputGradient(rows, last);
  const sums = parts.bce + parts.kl;
  return new Map<string, Cost>([
    ...others,
    // Each pixel: a byte in, a float out, divided by 255.
    ['batch gather', { flops: rows * pixels, bytes: rows * pixels * (1 + FLOAT) }],
    // The bias. z = mu + eps exp(lv / 2): /2, exp, *, + = 4. (mu mu + exp(lv) - 1 - lv) / 2: *, exp, +, -, -, / = 6. Reads
    // x, w and b, writes mu, log_var, z and the parts.
    [
      'heads sampled_heads',
      {
        flops: rows * 2 * latent * (2 * h2 + 1) + rows * latent * (4 + 6),
        bytes:
          FLOAT * (rows * h2 + 2 * latent * h2 + 2 * latent + rows * (2 * latent + latent) + parts.kl) + STEP_STATE,
      },
    ],
    // The bias. max(l, 0) - l x + log(1 + exp(-|l|)): max, *, -, |l|, exp, log1p, + = 7. w (sigmoid(l) - x): exp, +, /, -,
    // * = 5. Reads x, w, b and the images, writes the gradient and the parts.
    [
      'decoder.4 bce_with_gradient',
      {
        flops: rows * pixels * (2 * h1 + 1 + 7 + 5),
        bytes: FLOAT * (rows * h1 + pixels * h1 + pixels + 2 * rows * pixels + parts.bce) + STEP_STATE,
      },
    ],
    // And the sums: what goes in, and of both terms what comes out, with the count of what is not finite.
    [
      'decoder.4 activation_gradient+finish_step',
      { flops: back.flops + sums, bytes: back.bytes + FLOAT * (sums + 2 + 1) },
    ],
    // Through z (dz dz/dmu, dz dz/dlv): /2, /2, exp, *, *, * = 6. Of the KL: w mu and w (exp(lv) - 1) / 2: *, exp, -, /,
    // *, and the row's weight = 6. Both added = 2. Reads dy, w and the heads, writes their gradient.
    [
      'decoder.0 latent_gradient',
      {
        flops: rows * latent * (2 * h2 + 6 + 6 + 2),
        bytes: FLOAT * (rows * h2 + h2 * latent + rows * (2 * latent + 2 * latent)) + STEP_STATE,
      },
    ],
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
      const tile = TILES[matmulVariant.name]((matmulVariant as { lanes?: number }).lanes ?? 0);
      checkRows(plan, costs(rows, sizes, tile));
    });

// Without an activation a layer is no other node: the rows of its input gradient are plain.
for (const activation of ACTIVATIONS.filter((name) => name !== 'identity'))
  test(`VAE with ${activation}: each row's flops and bytes; unfused the same flops`, () => {
    const sizes: Sizes = [35, 21, 13, 5];
    const [pixels, h1, h2, latent] = sizes;
    const spec = vae({ pixels, hidden: [h1, h2], latent });
    const activated = (layer: LayerSpec): LayerSpec =>
      activationOf(layer) === 'relu' ? ({ ...layer, activation } as LayerSpec) : layer;
    const changed = { ...spec, encoder: spec.encoder.map(activated), decoder: spec.decoder.map(activated) };
    const fused = trainingPlan(changed, 7, { fuse: true });
    checkRows(fused, costs(7, sizes, TILES.tiled(0), activation));
    // But for the losses' second stage, which adds up rows there and workgroups here.
    const flops = (plan: Plan) => plan.dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
    const parts = fused.dispatches.flatMap(({ bindings }) =>
      bindings
        .filter(({ name, access }) => name === 'losses' && access === 'write')
        .map(({ tensor }) => tensor.shape[0] ?? 0),
    );
    const sums = parts.reduce((sum, count) => sum + count, 0);
    assert.is(flops(fused) - sums, flops(trainingPlan(changed, 7, { fuse: false })) - 2 * 7);
  });

/** Of the seed model: each layer is updated in a dispatch of its own. */
const LAYERS = 6;

const total = (dispatches: readonly Cost[]): Cost => ({
  flops: dispatches.reduce((sum, { flops }) => sum + flops, 0),
  bytes: dispatches.reduce((sum, { bytes }) => sum + bytes, 0),
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
    const plan = trainingPlan(vae(), 128, { fuse: true, optimizer: form, keepGradients: true });
    const updates = plan.dispatches.filter(({ kernel }) => kernel.startsWith(form.kind));
    assert.equal(total(updates), {
      flops: flops * 1_116_560,
      bytes: buffers * FLOAT * 1_116_608 + LAYERS * STEP_STATE,
    });
  });

test('clipping: one more operation a number in the update, six in the sum of squares', () => {
  const { dispatches } = trainingPlan(vae(), 128, { fuse: true, optimizer: { ...PARTS, kind: 'sgd', clip: true } });
  const cost = (name: string) => total(dispatches.filter(({ kernel }) => kernel === name));
  const sums = 128 * 2 * FLOAT;
  assert.equal(cost('sgd+clip'), {
    flops: 3 * 1_116_560,
    bytes: 3 * FLOAT * 1_116_608 + LAYERS * (STEP_STATE + FLOAT),
  });
  assert.equal(cost('square_sums'), { flops: 6 * 1_116_608, bytes: FLOAT * 1_116_608 + sums });
  assert.equal(cost('clip_scale'), { flops: 2 * 128, bytes: sums + 26 * FLOAT + FLOAT });
});

test('the whole step: 0.77 GFLOP and 40.7 MiB', () => {
  const all = [...costs(128, [784, 512, 256, 64], TILES.tiled(0)).values()];
  const sum = (key: keyof Cost) => all.reduce((total, cost) => total + cost[key], 0);
  assert.is((sum('flops') / 1e9).toFixed(2), '0.77');
  assert.is((sum('bytes') / 2 ** 20).toFixed(1), '40.7');
});

test.run();
