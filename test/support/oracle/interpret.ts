// Graphs computed on the host in f64: every operation of src/graph/operations/ops.ts from its formula, written without a look at
// the shaders, so that what the GPU gives can be held against it. Plans and kernels are not known here. Slow: for small
// models only. Used by test/unit/grad*.test.ts and by test/support/oracle/train64.ts.
import { countOf } from '../../../src/data/examples.js';
import type { Node, Operation, OpName } from '../../../src/graph/operations/ops.js';
import type { Convolution } from '../../../src/model/convolution.js';
import { corruptPixel } from '../../../src/model/corrupt.js';
import type { Activation, LogVarRange } from '../../../src/model/spec.js';
import { normalAt, permute, STREAM, uniformAt } from '../../../src/random.js';
import { insideOrder } from '../../../src/train/weights/tensors.js';
import { provideAllLayers } from '../models/layers.js';
import { IMPORTANCE_RULES } from './interpret-importance.js';
import { NORMALIZATION_RULES } from './interpret-norm.js';
import { POOLING_RULES } from './interpret-pool.js';
import { QUANTIZATION_RULES } from './interpret-quantize.js';
import type { Call, Leaves, Rule, Values } from './interpret-types.js';

provideAllLayers();

export type { Leaves, StepLeaves, Values } from './interpret-types.js';

/**
 * The values of every node, each computed once, in order.
 * @throws Error if a leaf is missing or has the wrong length
 */
export function interpret(nodes: readonly Node[], leaves: Leaves): Map<Node, Values> {
  const values = new Map<Node, Values>();
  for (const node of nodes) {
    const x = node.inputs.map((input) => get(values.get(input), `${input.label} before ${node.label}`));
    const rule = RULES[node.operation.op] as (call: Call, operation: Operation) => Values;
    const result = rule({ node, x, leaves }, node.operation);
    if (result.length !== size(node.shape))
      throw new Error(`${node.operation.op} "${node.label}": ${result.length} values for [${node.shape.join(', ')}]`);
    values.set(node, result);
  }
  return values;
}

function get<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the interpreter lacks ${what}`);
  return value;
}

const size = (shape: readonly number[]) => shape.reduce((product, each) => product * each, 1);

/** Element `index`, which exists: a reading past the end is a fault of the interpreter. */
const at = (values: ArrayLike<number> | undefined, index: number): number => get(values?.[index], `element ${index}`);

function sizes(node: Node | undefined): [rows: number, columns: number] {
  return [at(node?.shape, 0), at(node?.shape, 1)];
}

const fill = (count: number, value: (index: number) => number): Values =>
  Float64Array.from({ length: count }, (_, i) => value(i));

/** A matrix [rows, columns] from a formula of row and column. */
const fillMatrix = (rows: number, columns: number, value: (row: number, column: number) => number): Values =>
  fill(rows * columns, (i) => value(Math.floor(i / columns), i % columns));

/** One number a row: a formula summed over the columns. */
const sumColumns = (rows: number, columns: number, value: (row: number, column: number) => number): Values =>
  fill(rows, (row) => {
    let sum = 0;
    for (let column = 0; column < columns; column++) sum += value(row, column);
    return sum;
  });

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** GELU's tanh(u), u = sqrt(2 / pi) (x + 0.044715 x^3). */
const geluTanh = (x: number): number => Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));

/** torch.nn.functional's, with its defaults; gelu with approximate='tanh'. */
export const activate: Record<Activation, (x: number) => number> = {
  identity: (x) => x,
  relu: (x) => Math.max(x, 0),
  sigmoid,
  'leaky-relu': (x) => (x > 0 ? x : 0.01 * x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  gelu: (x) => (x * (1 + geluTanh(x))) / 2,
  silu: (x) => x * sigmoid(x),
  softplus,
  tanh: Math.tanh,
  exp: (x) => Math.exp(Math.min(x, 20)),
};

/** The derivative by the activation's own output, or by its input where that is not enough. */
export const slope: Record<Activation, (kept: number) => number> = {
  identity: () => 1,
  relu: (y) => (y > 0 ? 1 : 0),
  sigmoid: (y) => y * (1 - y),
  'leaky-relu': (y) => (y > 0 ? 1 : 0.01),
  elu: (y) => (y > 0 ? 1 : 1 + y),
  gelu: (x) => {
    const tanh = geluTanh(x);
    return (1 + tanh + x * (1 - tanh ** 2) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x ** 2)) / 2;
  },
  silu: (x) => sigmoid(x) * (1 + x * sigmoid(-x)),
  softplus: (y) => -Math.expm1(-y),
  tanh: (y) => 1 - y ** 2,
  exp: (x) => (x > 20 ? 0 : Math.exp(x)),
};

/** eps of element `index` of z. */
function noise({ leaves }: Call, stream: 'noise' | 'evaluation', index: number): number {
  const { seed, step } = get(leaves.step, 'a step');
  return normalAt(seed, STREAM[stream], step, index);
}

/** mu and log_var of element [row, column] of z. */
function head(heads: Values | undefined, latent: number, row: number, column: number): { mu: number; logVar: number } {
  const first = row * 2 * latent;
  return { mu: at(heads, first + column), logVar: at(heads, first + latent + column) };
}

/** KL(N(mu, exp(v)) || N(0, 1)) */
const divergence = (mu: number, v: number): number => (mu ** 2 + Math.exp(v) - v - 1) / 2;

/** NaN stays NaN. */
const clamp = (x: number, [low, high]: LogVarRange): number => (x < low ? low : x > high ? high : x);

const RULES: { [Name in OpName]: Rule<Name> } = {
  parameter: ({ leaves }, { parts, order }) => {
    const inside = parts.flatMap(({ name, rows }) => {
      const values = Float64Array.from(get(leaves.parameters.get(name), `parameter ${name}`));
      return Array.from(insideOrder(values, rows, order));
    });
    return Float64Array.from(inside);
  },
  input: ({ leaves }, { name }) => Float64Array.from(get(leaves.inputs?.get(name), `input ${name}`)),

  batch: ({ node, leaves }, { shuffle, range }) => {
    const { images, rows: live } = get(leaves.step, 'a step');
    const [rows, columns] = sizes(node);
    return fillMatrix(rows, columns, (row, column) => {
      if (row >= live) return 0;
      const stored = at(images.values, imageOfRow(leaves, row, shuffle) * columns + column);
      const number = images.values instanceof Uint8Array ? stored / 255 : stored;
      return range === '-1..1' ? 2 * number - 1 : number;
    });
  },
  batch_labels: ({ node, leaves }, { shuffle }) => {
    const { images, rows: live } = get(leaves.step, 'a step');
    const [rows, classes] = sizes(node);
    return fillMatrix(rows, classes, (row, column) =>
      Number(row < live && at(images.labels, imageOfRow(leaves, row, shuffle)) === column),
    );
  },
  row_weight: ({ node, leaves }, { term }) => {
    const { rows, weights, rowScale = 1 } = get(leaves.step, 'a step');
    return fill(size(node.shape), (row) =>
      row < rows ? rowScale * get(weights.get(term), `the weight of ${term}`) : 0,
    );
  },
  corrupt: ({ x: [x], leaves }, { corruption, range, stream }) => {
    const { seed, step } = get(leaves.step, 'a step');
    const noise = { seed, step, stream: STREAM[stream] };
    return get(x, 'x').map((value, i) => {
      if (range === '0..1') return corruptPixel(value, i, corruption, noise);
      return 2 * corruptPixel((value + 1) / 2, i, corruption, noise) - 1;
    });
  },
  concat: ({ node, x: [a, b] }) => {
    const [rows, columns] = sizes(node);
    const [, m] = sizes(node.inputs[0]);
    return fillMatrix(rows, columns, (row, column) =>
      column < m ? at(a, row * m + column) : at(b, row * (columns - m) + column - m),
    );
  },
  slice_columns: ({ node, x: [x] }, { from }) => {
    const [rows, columns] = sizes(node);
    const [, all] = sizes(node.inputs[0]);
    return fillMatrix(rows, columns, (row, column) => at(x, row * all + from + column));
  },

  matmul: ({ node, x: [a, b] }, { transposeA, transposeB }) => {
    const [m, n] = sizes(node);
    const [aRows, aColumns] = sizes(node.inputs[0]);
    const k = transposeA ? aRows : aColumns;
    return sumProducts(
      m,
      n,
      k,
      (row, i) => at(a, transposeA ? i * m + row : row * k + i),
      (i, column) => at(b, transposeB ? column * k + i : i * n + column),
    );
  },
  conv2d: ({ node, x: [x, weight] }, { convolution }) => {
    const y = new Float64Array(size(node.shape));
    eachTap(convolution, y.length, (toY, toX, toWeight) => {
      y[toY] = at(y, toY) + at(x, toX) * at(weight, toWeight);
    });
    return y;
  },
  conv_transpose2d: ({ node, x: [y, weight] }, { convolution }) => {
    const x = new Float64Array(size(node.shape));
    eachTap(convolution, get(y, 'y').length, (toY, toX, toWeight) => {
      x[toX] = at(x, toX) + at(y, toY) * at(weight, toWeight);
    });
    return x;
  },
  conv2d_weight: ({ node, x: [y, x] }, { convolution }) => {
    const weight = new Float64Array(size(node.shape));
    eachTap(convolution, get(y, 'y').length, (toY, toX, toWeight) => {
      weight[toWeight] = at(weight, toWeight) + at(y, toY) * at(x, toX);
    });
    return weight;
  },
  reshape: ({ x: [x] }) => get(x, 'x'),
  add_bias: ({ node, x: [x, bias] }) => {
    const [rows, columns] = sizes(node);
    return fillMatrix(rows, columns, (row, column) => at(x, row * columns + column) + at(bias, column));
  },
  add: ({ x: [a, b] }) => fill(get(a, 'a').length, (i) => at(a, i) + at(b, i)),
  activation: ({ x: [x] }, { activation }) => get(x, 'x').map(activate[activation]),
  activation_gradient: ({ x: [dy, kept] }, { activation }) =>
    get(dy, 'dy').map((d, i) => d * slope[activation](at(kept, i))),
  sum_rows: ({ node, x: [x] }) => {
    const [rows, columns] = sizes(node.inputs[0]);
    return sumColumns(columns, rows, (column, row) => at(x, row * columns + column));
  },

  reparameterize: (call, { stream, logVarRange }) => {
    const [rows, latent] = sizes(call.node);
    return fillMatrix(rows, latent, (row, column) => {
      const { mu, logVar } = head(call.x[0], latent, row, column);
      return mu + noise(call, stream, row * latent + column) * Math.sqrt(Math.exp(clamp(logVar, logVarRange)));
    });
  },
  reparameterize_gradient: (call, { stream, logVarRange }) => {
    const [dz, heads] = call.x;
    const [rows, latent] = sizes(call.node.inputs[0]);
    return fillMatrix(rows, 2 * latent, (row, column) => {
      const element = row * latent + (column % latent);
      if (column < latent) return at(dz, element);
      const { logVar } = head(heads, latent, row, column - latent);
      if (clamp(logVar, logVarRange) !== logVar) return 0;
      return (at(dz, element) * noise(call, stream, element) * Math.sqrt(Math.exp(logVar))) / 2;
    });
  },
  kl_normal: ({ node, x: [heads] }, { logVarRange, freeBits = 0 }) => {
    const [rows, columns] = sizes(node.inputs[0]);
    return sumColumns(rows, columns / 2, (row, column) => {
      const { mu, logVar } = head(heads, columns / 2, row, column);
      const kl = divergence(mu, clamp(logVar, logVarRange));
      return freeBits > 0 && kl < freeBits ? freeBits : kl;
    });
  },
  log_ratio: (call, { stream, logVarRange }) => {
    const [rows, columns] = sizes(call.node.inputs[0]);
    const latent = columns / 2;
    return sumColumns(rows, latent, (row, column) => {
      const { mu, logVar } = head(call.x[0], latent, row, column);
      const v = clamp(logVar, logVarRange);
      const eps = noise(call, stream, row * latent + column);
      return (v + eps ** 2 - (mu + eps * Math.sqrt(Math.exp(v))) ** 2) / 2;
    });
  },
  log_ratio_gradient: (call, { stream, logVarRange }) => {
    const [dy, heads] = call.x;
    const [rows, columns] = sizes(call.node);
    const latent = columns / 2;
    return fillMatrix(rows, columns, (row, column) => {
      const { mu, logVar } = head(heads, latent, row, column % latent);
      const eps = noise(call, stream, row * latent + (column % latent));
      const sigma = Math.sqrt(Math.exp(clamp(logVar, logVarRange)));
      const z = mu + eps * sigma;
      if (column < latent) return -at(dy, row) * z;
      return clamp(logVar, logVarRange) === logVar ? (at(dy, row) * (1 - z * eps * sigma)) / 2 : 0;
    });
  },
  distance: ({ x: [x] }, { wanted }) => get(x, 'x').map((value) => Math.abs(value - wanted)),
  distance_gradient: ({ x: [dy, x] }, { wanted }) =>
    get(x, 'x').map((value, i) => at(dy, i) * Math.sign(value - wanted)),
  kl_normal_gradient: ({ node, x: [weight, heads] }, { logVarRange, freeBits = 0 }) => {
    const [rows, columns] = sizes(node);
    return fillMatrix(rows, columns, (row, column) => {
      const { mu, logVar } = head(heads, columns / 2, row, column % (columns / 2));
      if (freeBits > 0 && divergence(mu, clamp(logVar, logVarRange)) < freeBits) return 0;
      const value = at(heads, row * columns + column);
      if (column < columns / 2) return at(weight, row) * value;
      return clamp(value, logVarRange) === value ? (at(weight, row) * (Math.exp(value) - 1)) / 2 : 0;
    });
  },

  bce_with_logits: ({ node, x: [logits, targets] }) => {
    const [rows, pixels] = sizes(node.inputs[0]);
    return sumColumns(rows, pixels, (row, column) => {
      const logit = at(logits, row * pixels + column);
      const target = at(targets, row * pixels + column);
      return target * softplus(-logit) + (1 - target) * softplus(logit);
    });
  },
  bce_with_logits_gradient: ({ node, x: [weight, logits, targets] }) => {
    const [rows, pixels] = sizes(node);
    return fillMatrix(rows, pixels, (row, column) => {
      const index = row * pixels + column;
      return at(weight, row) * (sigmoid(at(logits, index)) - at(targets, index));
    });
  },

  squared_error: ({ node, x: [y, targets] }) => {
    const [rows, pixels] = sizes(node.inputs[0]);
    return sumColumns(
      rows,
      pixels,
      (row, column) => (at(y, row * pixels + column) - at(targets, row * pixels + column)) ** 2,
    );
  },
  squared_error_gradient: ({ node, x: [weight, y, targets] }) => {
    const [rows, pixels] = sizes(node);
    return fillMatrix(rows, pixels, (row, column) => {
      const index = row * pixels + column;
      return at(weight, row) * 2 * (at(y, index) - at(targets, index));
    });
  },

  gaussian_nll: ({ node, x: [y, targets, logSigma] }) => {
    const [rows, pixels] = sizes(node.inputs[0]);
    const sigma = deviation(at(logSigma, 0));
    return sumColumns(rows, pixels, (row, column) => {
      const error = at(y, row * pixels + column) - at(targets, row * pixels + column);
      return (error / sigma) ** 2 / 2 + Math.log(sigma) + Math.log(2 * Math.PI) / 2;
    });
  },
  gaussian_nll_gradient: ({ node, x: [weight, y, targets, logSigma] }) => {
    const [rows, pixels] = sizes(node);
    const sigma = deviation(at(logSigma, 0));
    return fillMatrix(rows, pixels, (row, column) => {
      const index = row * pixels + column;
      return (at(weight, row) * (at(y, index) - at(targets, index))) / sigma ** 2;
    });
  },
  log_sigma_gradient: ({ node, x: [weight, y, targets, logSigma] }) => {
    const [rows, pixels] = sizes(node.inputs[1]);
    const sigma = deviation(at(logSigma, 0));
    const slope = Math.exp(at(logSigma, 0)) / sigma;
    return sumColumns(1, rows * pixels, (_, index) => {
      const r = (at(y, index) - at(targets, index)) / sigma;
      return at(weight, Math.floor(index / pixels)) * (1 - r ** 2) * slope;
    });
  },
  poisson_nll: ({ node, x: [logRates, targets] }) => {
    const [rows, pixels] = sizes(node.inputs[0]);
    return sumColumns(rows, pixels, (row, column) =>
      poissonNll(at(logRates, row * pixels + column), at(targets, row * pixels + column)),
    );
  },
  poisson_nll_gradient: ({ node, x: [weight, logRates, targets] }) => {
    const [rows, pixels] = sizes(node);
    return fillMatrix(rows, pixels, (row, column) => {
      const index = row * pixels + column;
      return at(weight, row) * (activate.exp(at(logRates, index)) - at(targets, index));
    });
  },

  l1: ({ node, x: [z] }) => {
    const [rows, columns] = sizes(node.inputs[0]);
    return sumColumns(rows, columns, (row, column) => Math.abs(at(z, row * columns + column)));
  },
  l1_gradient: ({ node, x: [weight, z] }) => {
    const [rows, columns] = sizes(node);
    return fillMatrix(rows, columns, (row, column) => at(weight, row) * Math.sign(at(z, row * columns + column)));
  },
  batch_mean: ({ node, x: [x], leaves }) => {
    const [, columns] = sizes(node.inputs[0]);
    const { rows } = get(leaves.step, 'a step');
    return sumColumns(columns, rows, (column, row) => at(x, row * columns + column) / rows);
  },
  batch_mean_gradient: ({ node, x: [dmean], leaves }) => {
    const [rows, columns] = sizes(node);
    const { rows: live } = get(leaves.step, 'a step');
    return fillMatrix(rows, columns, (row, column) => (row < live ? at(dmean, column) / live : 0));
  },
  bernoulli_kl: ({ x: [rho] }, { target: t, rows }) => {
    const terms = inside(get(rho, 'rho')).map((r) => t * Math.log(t / r) + (1 - t) * Math.log((1 - t) / (1 - r)));
    return fill(rows, () => terms.reduce((sum, each) => sum + each, 0));
  },
  bernoulli_kl_gradient: ({ x: [weight, rho] }, { target: t }) => {
    const weights = get(weight, 'weight').reduce((sum, each) => sum + each, 0);
    return inside(get(rho, 'rho')).map((r) => (weights * (r - t)) / (r * (1 - r)));
  },

  ...IMPORTANCE_RULES,
  ...NORMALIZATION_RULES,
  ...POOLING_RULES,
  ...QUANTIZATION_RULES,
  dropout: ({ x: [x], leaves }, { probability, layer }) => {
    const { seed, step } = get(leaves.step, 'a step');
    // The kernel compares numbers of 24 bits with the probability as f32.
    const left = (i: number) => uniformAt(seed, STREAM.dropout, step, i, layer) < Math.fround(probability);
    return get(x, 'x').map((value, i) => (left(i) ? 0 : value / (1 - probability)));
  },
};

/** Mean activations, kept off 0 and 1 as shaders/lib/losses/bernoulli.wgsl does. */
const inside = (rho: Values): Values => rho.map((r) => Math.min(Math.max(r, 1e-6), 1 - 1e-6));

/** Which image of the dataset a row of the batch holds. */
function imageOfRow(leaves: Leaves, row: number, shuffle: boolean): number {
  const { images, start, seed, epoch } = get(leaves.step, 'a step');
  return shuffle ? permute(start + row, countOf(images), seed, epoch) : start + row;
}

/** All products that y = conv2d(x, weight) adds up, as places in the three; `count` is y's length. */
export function eachTap(
  { x, y, kernel, stride, padding, dilation, groups }: Convolution,
  count: number,
  visit: (toY: number, toX: number, toWeight: number) => void,
): void {
  const [inputs, outputs] = [x.channels / groups, y.channels / groups];
  for (let toY = 0; toY < count; toY++) {
    const out = toY % y.channels;
    const column = Math.floor(toY / y.channels) % y.width;
    const row = Math.floor(toY / (y.channels * y.width)) % y.height;
    const image = Math.floor(toY / (y.channels * y.width * y.height));
    for (let p = 0; p < kernel[0]; p++)
      for (let q = 0; q < kernel[1]; q++) {
        const xRow = row * stride[0] + p * dilation[0] - padding[0];
        const xColumn = column * stride[1] + q * dilation[1] - padding[1];
        if (xRow < 0 || xRow >= x.height || xColumn < 0 || xColumn >= x.width) continue;
        for (let c = 0; c < inputs; c++) {
          const channel = Math.floor(out / outputs) * inputs + c;
          const toX = ((image * x.height + xRow) * x.width + xColumn) * x.channels + channel;
          visit(toY, toX, ((out * kernel[0] + p) * kernel[1] + q) * inputs + c);
        }
      }
  }
}

/** C [m, n] = sum over k. */
function sumProducts(
  m: number,
  n: number,
  k: number,
  a: (row: number, i: number) => number,
  b: (i: number, column: number) => number,
): Values {
  return fillMatrix(m, n, (row, column) => {
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a(row, i) * b(i, column);
    return sum;
  });
}

/** log(1 + exp(x)) = -log(1 - sigmoid(x)) */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** A learned standard deviation, never below e^-15. */
const deviation = (logSigma: number): number => Math.exp(logSigma) + Math.exp(-15);

/** -log of the Poisson probability of x at rate e^l; from l = 20 on the straight line that touches it there. */
export function poissonNll(l: number, x: number): number {
  const bounded = Math.min(l, 20);
  const rate = Math.exp(bounded);
  return rate - x * bounded + logGamma(x + 1) + (l - bounded) * (rate - x);
}

/** log Gamma(x) for x > 0: Stirling's series from 15 on, to which x is raised; the first term left out is below 1e-16. */
export function logGamma(x: number): number {
  let [z, product] = [x, 1];
  for (; z < 15; z++) product *= z;
  const q = 1 / z ** 2;
  const series = (1 / 12 - q * (1 / 360 - q * (1 / 1260 - q * (1 / 1680 - q * (1 / 1188 - (q * 691) / 360360))))) / z;
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
}
