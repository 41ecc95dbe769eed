// The operations that graphs are made of: one row an operation, with its shape rule and its gradient rule;
// those of feature maps are in map-operations.ts, and convolutions' rows in convolution.ts.
// Kernels are not named here; which of these run together in one dispatch is decided in plan/.
import { GraphError } from '../../errors.js';
import type { Convolution } from '../../model/convolution.js';
import type { Activation, CorruptionSpec, LogVarRange, LossTerm, PixelRange } from '../../model/spec.js';
import { KEPT_FOR_GRADIENT } from '../activation.js';
import type { MapOperation } from './map-operations.js';
import type { SampleOperation } from './sample-operations.js';
import { at, matrix, numel, type Shape, sameShape, showShape } from './shapes.js';

export { numel, type Shape, showShape } from './shapes.js';

/** Where a parameter's first values come from: uniform in +-bound, all 0 if that is 0; or a constant for each of its parts. */
export type Initializer = { kind: 'uniform'; bound: number } | { kind: 'constant'; values: readonly number[] };

/** Rows of a parameter that are stored under a name of their own: the two heads are one matrix here, two in PyTorch. */
export interface ParameterPart {
  name: string;
  rows: number;
}

/** For each row or column as PyTorch counts them, which it is here. As they are if absent. */
export interface ParameterOrder {
  rows?: readonly number[];
  columns?: readonly number[];
}

/** Which Philox stream (src/random.ts) a random operation draws from. */
export type NoiseStream = 'noise' | 'evaluation';
export type CorruptionStream = 'corruption' | 'evaluationCorruption';

export type Operation =
  | { op: 'parameter'; name: string; parts: ParameterPart[]; init: Initializer; order?: ParameterOrder }
  /** Values that the host hands over. */
  | { op: 'input'; name: string }
  /** The images of this step, picked from the resident dataset; rows past the end of a short batch are zero. */
  | { op: 'batch'; shuffle: boolean; range: PixelRange }
  /** Their labels as one-hot, [rows, classes]; rows past the end of a short batch are zero. */
  | { op: 'batch_labels'; shuffle: boolean }
  /** x -> x damaged, with fresh noise each step. */
  | { op: 'corrupt'; corruption: CorruptionSpec; range: PixelRange; stream: CorruptionStream }
  /** (a [rows, m], b [rows, n]) -> [rows, m + n] */
  | { op: 'concat' }
  /** [rows, n] -> columns `from` to `from + columns` */
  | { op: 'slice_columns'; from: number; columns: number }
  /** [rows]: the term's weight for rows that hold an image, 0 for the others. */
  | { op: 'row_weight'; term: LossTerm }
  | { op: 'matmul'; transposeA: boolean; transposeB: boolean }
  /**
   * A feature map of n examples is a matrix [n height width, channels]. (x, weight [y channels, kernel height, kernel width,
   * x channels / groups] as a matrix of y's channels) -> y
   */
  | { op: 'conv2d'; convolution: Convolution }
  /** (y, weight) -> x: the transposed convolution, and the gradient of conv2d's x. */
  | { op: 'conv_transpose2d'; convolution: Convolution }
  /** (y, x) -> the weight's gradient, where one of them is the gradient of conv2d's y or of conv_transpose2d's x. */
  | { op: 'conv2d_weight'; convolution: Convolution }
  /** The same numbers in another shape: between a row an example and a row a place. */
  | { op: 'reshape'; shape: Shape }
  | { op: 'add_bias' }
  | { op: 'add' }
  | { op: 'activation'; activation: Activation }
  /** (dy, kept) -> dx; kept is the activation's output or its input (graph/activation.ts). */
  | { op: 'activation_gradient'; activation: Activation }
  /** [rows, columns] -> [columns] */
  | { op: 'sum_rows' }
  /** heads [rows, 2 latent] = (mu, log_var) -> z [rows, latent] = mu + eps exp(log_var / 2), log_var bounded to the range */
  | { op: 'reparameterize'; stream: NoiseStream; logVarRange: LogVarRange }
  | { op: 'reparameterize_gradient'; stream: NoiseStream; logVarRange: LogVarRange }
  /** heads [rows, 2 latent] -> KL(q || N(0, I)) [rows], nats, at least `freeBits` a dimension; log_var bounded to the range */
  | { op: 'kl_normal'; logVarRange: LogVarRange; freeBits?: number }
  | { op: 'kl_normal_gradient'; logVarRange: LogVarRange; freeBits?: number }
  /** x -> |x - wanted|, element by element */
  | { op: 'distance'; wanted: number }
  | { op: 'distance_gradient'; wanted: number }
  /** heads [rows, 2 latent] -> log p(z) - log q(z|x) [rows] at the sample that `reparameterize` of this stream draws, nats */
  | { op: 'log_ratio'; stream: NoiseStream; logVarRange: LogVarRange }
  | { op: 'log_ratio_gradient'; stream: NoiseStream; logVarRange: LogVarRange }
  /** (logits, targets) [rows, pixels] -> [rows], nats summed over pixels */
  | { op: 'bce_with_logits' }
  | { op: 'bce_with_logits_gradient' }
  /** (y, targets) [rows, pixels] -> [rows], squared error summed over pixels */
  | { op: 'squared_error' }
  | { op: 'squared_error_gradient' }
  /** (y, targets [rows, pixels], log_sigma [1]) -> -log N(targets; y, sigma^2) [rows], nats summed over pixels */
  | { op: 'gaussian_nll' }
  | { op: 'gaussian_nll_gradient' }
  /** (weight [rows], y, targets, log_sigma) -> [1], summed over all pixels */
  | { op: 'log_sigma_gradient' }
  /** (log rates, targets) [rows, pixels] -> -log Poisson(targets; rates) [rows], nats summed over pixels */
  | { op: 'poisson_nll' }
  | { op: 'poisson_nll_gradient' }
  /** z [rows, n] -> [rows], sum of |z| */
  | { op: 'l1' }
  | { op: 'l1_gradient' }
  /** [rows, n] -> [n]: the mean over the rows that hold an image. */
  | { op: 'batch_mean' }
  | { op: 'batch_mean_gradient'; rows: number }
  /** rho [n] -> [rows]: sum over n of KL(target || rho) between Bernoulli distributions, nats; the same for each row. */
  | { op: 'bernoulli_kl'; target: number; rows: number }
  | { op: 'bernoulli_kl_gradient'; target: number }
  | MapOperation
  | SampleOperation;

export type OpName = Operation['op'];

export interface Node {
  id: number;
  operation: Operation;
  inputs: readonly Node[];
  shape: Shape;
  /** Which layer this belongs to, for tables and errors: "encoder.0". */
  label: string;
}

/** What a gradient rule may do: append a node. */
export type Append = (operation: Operation, inputs: readonly Node[], label: string, shape?: Shape) => Node;

export interface OpRow<O extends Operation> {
  shape(inputs: Shape[], operation: O, label: string): Shape;
  /** One entry an input: the node that holds its gradient, or null where none is wanted (data). */
  gradient?(node: Node, operation: O, dy: Node, append: Append): (Node | null)[];
}

export type OpTable = { [Name in OpName]: OpRow<Extract<Operation, { op: Name }>> };

/** Sizes of C [m, n] = A B summed over k, with the transpositions undone. */
export function matmulSizes(a: Shape, b: Shape, transposeA: boolean, transposeB: boolean, label: string) {
  const [aRows, aColumns] = matrix(a, `matmul "${label}": a`);
  const [bRows, bColumns] = matrix(b, `matmul "${label}": b`);
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [inner, n] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  if (k !== inner)
    throw new GraphError(
      `matmul "${label}": a ${showShape(a)}${transposeA ? ' transposed' : ''} and b ${showShape(b)}` +
        `${transposeB ? ' transposed' : ''}: a's inner axis (${k}) must equal b's (${inner})`,
    );
  return { m, n, k };
}

/** A convolution's weight as a matrix: a row a channel of y. */
export const weightShape = ({ x, y, kernel, groups }: Convolution): Shape => [
  y.channels,
  (kernel[0] * kernel[1] * x.channels) / groups,
];

const latentShape = (heads: Shape | undefined, label: string): Shape => {
  const [rows, columns] = matrix(heads, `"${label}": heads`);
  if (columns % 2)
    throw new GraphError(`"${label}": heads ${showShape([rows, columns])} must hold mu and log_var, 2 latent columns`);
  return [rows, columns / 2];
};

const leaf = {
  shape: (_: Shape[], operation: Operation, label: string): Shape => {
    throw new GraphError(`${operation.op} "${label}" needs an explicit shape`);
  },
};

/** Of layers that are not linear, and of several samples: their rows are loaded when a model has such (layer-ops.ts). */
export type LayerOpName =
  | MapOperation['op']
  | SampleOperation['op']
  | 'log_ratio_gradient'
  | 'conv2d'
  | 'conv_transpose2d'
  | 'conv2d_weight';

/** All but those. */
export const BASIC_OPS: Omit<OpTable, LayerOpName> = {
  parameter: leaf,
  input: leaf,
  batch: leaf,
  batch_labels: leaf,
  row_weight: leaf,

  corrupt: { shape: (inputs) => at(inputs, 0) },

  concat: {
    shape: (inputs, _, label) => {
      const [rows, m] = matrix(inputs[0], `concat "${label}": a`);
      const [bRows, n] = matrix(inputs[1], `concat "${label}": b`);
      if (rows !== bRows) throw new GraphError(`concat "${label}": ${rows} rows and ${bRows} rows must be as many`);
      return [rows, m + n];
    },
    gradient: (node, _, dy, append) => {
      const [m, n] = node.inputs.map((input) => at(input.shape, 1));
      const slice = (from: number, columns: number) => append({ op: 'slice_columns', from, columns }, [dy], node.label);
      return [slice(0, m ?? 0), slice(m ?? 0, n ?? 0)];
    },
  },
  slice_columns: {
    shape: (inputs, { from, columns }, label) => {
      const [rows, n] = matrix(inputs[0], `slice_columns "${label}": x`);
      if (from < 0 || columns < 1 || from + columns > n)
        throw new GraphError(`slice_columns "${label}": columns ${from} to ${from + columns} must lie in 0 to ${n}`);
      return [rows, columns];
    },
  },

  matmul: {
    shape: (inputs, { transposeA, transposeB }, label) => {
      const { m, n } = matmulSizes(at(inputs, 0), at(inputs, 1), transposeA, transposeB, label);
      return [m, n];
    },
    // C = op(A) op(B); with A' and B' as stored: dA = dC B^T and dB = A^T dC, transposed back where stored transposed.
    gradient: (node, { transposeA, transposeB }, dy, append) => {
      const [a, b] = [at(node.inputs, 0), at(node.inputs, 1)];
      const product = (left: Node, right: Node, ta: boolean, tb: boolean) =>
        append({ op: 'matmul', transposeA: ta, transposeB: tb }, [left, right], node.label);
      return [
        transposeA ? product(b, dy, transposeB, true) : product(dy, b, false, !transposeB),
        transposeB ? product(dy, a, true, transposeA) : product(a, dy, !transposeA, false),
      ];
    },
  },

  reshape: {
    shape: (inputs, { shape }, label) => {
      const before = at(inputs, 0);
      if (numel(before) !== numel(shape))
        throw new GraphError(
          `reshape "${label}": ${showShape(before)} to ${showShape(shape)}: ${numel(before)} numbers cannot be ${numel(shape)}`,
        );
      return shape;
    },
    gradient: (node, _, dy, append) => [append({ op: 'reshape', shape: at(node.inputs, 0).shape }, [dy], node.label)],
  },

  add_bias: {
    shape: (inputs, _, label) => {
      const [rows, columns] = matrix(inputs[0], `add_bias "${label}": x`);
      const bias = at(inputs, 1);
      if (bias.length !== 1 || bias[0] !== columns)
        throw new GraphError(`add_bias "${label}": bias ${showShape(bias)} must be [${columns}], one a column of x`);
      return [rows, columns];
    },
    gradient: (node, _, dy, append) => [dy, append({ op: 'sum_rows' }, [dy], node.label)],
  },

  add: {
    shape: (inputs, _, label) => sameShape(inputs[0], inputs[1], `add "${label}"`),
    gradient: (_node, _operation, dy) => [dy, dy],
  },

  activation: {
    shape: (inputs) => at(inputs, 0),
    gradient: (node, { activation }, dy, append) => [
      append(
        { op: 'activation_gradient', activation },
        [dy, KEPT_FOR_GRADIENT[activation] === 'input' ? at(node.inputs, 0) : node],
        node.label,
      ),
    ],
  },
  activation_gradient: {
    shape: (inputs, _, label) => sameShape(inputs[0], inputs[1], `activation_gradient "${label}"`),
  },

  sum_rows: {
    shape: (inputs, _, label) => [matrix(inputs[0], `sum_rows "${label}"`)[1]],
  },

  reparameterize: {
    shape: (inputs, _, label) => latentShape(inputs[0], label),
    gradient: (node, { stream, logVarRange }, dz, append) => [
      append({ op: 'reparameterize_gradient', stream, logVarRange }, [dz, at(node.inputs, 0)], node.label),
    ],
  },
  reparameterize_gradient: {
    shape: (inputs, _, label) => {
      sameShape(inputs[0], latentShape(inputs[1], label), `reparameterize_gradient "${label}": dz and latent`);
      return at(inputs, 1);
    },
  },

  kl_normal: {
    shape: (inputs, _, label) => [at(latentShape(inputs[0], label), 0)],
    gradient: (node, { logVarRange, freeBits }, dy, append) => [
      append(
        { op: 'kl_normal_gradient', logVarRange, ...(freeBits !== undefined && { freeBits }) },
        [dy, at(node.inputs, 0)],
        node.label,
      ),
    ],
  },
  kl_normal_gradient: { shape: (inputs) => at(inputs, 1) },

  distance: {
    shape: (inputs) => at(inputs, 0),
    gradient: (node, { wanted }, dy, append) => [
      append({ op: 'distance_gradient', wanted }, [dy, at(node.inputs, 0)], node.label),
    ],
  },
  distance_gradient: { shape: (inputs) => at(inputs, 1) },

  log_ratio: {
    shape: (inputs, _, label) => [at(latentShape(inputs[0], label), 0)],
    gradient: (node, { stream, logVarRange }, dy, append) => [
      append({ op: 'log_ratio_gradient', stream, logVarRange }, [dy, at(node.inputs, 0)], node.label),
    ],
  },

  bce_with_logits: {
    shape: (inputs, _, label) => [at(sameShape(inputs[0], inputs[1], `bce_with_logits "${label}"`), 0)],
    gradient: (node, _, dy, append) => [
      append({ op: 'bce_with_logits_gradient' }, [dy, at(node.inputs, 0), at(node.inputs, 1)], node.label),
      null,
    ],
  },
  bce_with_logits_gradient: { shape: (inputs) => at(inputs, 1) },

  squared_error: {
    shape: (inputs, _, label) => [at(sameShape(inputs[0], inputs[1], `squared_error "${label}"`), 0)],
    gradient: (node, _, dy, append) => [
      append({ op: 'squared_error_gradient' }, [dy, at(node.inputs, 0), at(node.inputs, 1)], node.label),
      null,
    ],
  },
  squared_error_gradient: { shape: (inputs) => at(inputs, 1) },

  gaussian_nll: {
    shape: (inputs, _, label) => {
      const sigma = at(inputs, 2);
      if (numel(sigma) !== 1)
        throw new GraphError(`gaussian_nll "${label}": log_sigma ${showShape(sigma)} must be [1]`);
      return [at(sameShape(inputs[0], inputs[1], `gaussian_nll "${label}"`), 0)];
    },
    // That of y comes last: a plan that computes both in one kernel finds it first (plan/lowering/lower.ts).
    gradient: (node, _, dy, append) => {
      const sigma = append({ op: 'log_sigma_gradient' }, [dy, ...node.inputs], node.label);
      return [append({ op: 'gaussian_nll_gradient' }, [dy, ...node.inputs], node.label), null, sigma];
    },
  },
  gaussian_nll_gradient: { shape: (inputs) => at(inputs, 1) },
  log_sigma_gradient: { shape: (inputs) => at(inputs, 3) },

  poisson_nll: {
    shape: (inputs, _, label) => [at(sameShape(inputs[0], inputs[1], `poisson_nll "${label}"`), 0)],
    gradient: (node, _, dy, append) => [
      append({ op: 'poisson_nll_gradient' }, [dy, at(node.inputs, 0), at(node.inputs, 1)], node.label),
      null,
    ],
  },
  poisson_nll_gradient: { shape: (inputs) => at(inputs, 1) },

  l1: {
    shape: (inputs, _, label) => [matrix(inputs[0], `l1 "${label}"`)[0]],
    gradient: (node, _, dy, append) => [append({ op: 'l1_gradient' }, [dy, at(node.inputs, 0)], node.label)],
  },
  l1_gradient: { shape: (inputs) => at(inputs, 1) },

  batch_mean: {
    shape: (inputs, _, label) => [matrix(inputs[0], `batch_mean "${label}"`)[1]],
    gradient: (node, _, dy, append) => [
      append({ op: 'batch_mean_gradient', rows: at(at(node.inputs, 0).shape, 0) }, [dy], node.label),
    ],
  },
  batch_mean_gradient: { shape: (inputs, { rows }) => [rows, ...at(inputs, 0)] },

  bernoulli_kl: {
    shape: (_, { rows }) => [rows],
    gradient: (node, { target }, dy, append) => [
      append({ op: 'bernoulli_kl_gradient', target }, [dy, at(node.inputs, 0)], node.label),
    ],
  },
  bernoulli_kl_gradient: { shape: (inputs) => at(inputs, 1) },
};
