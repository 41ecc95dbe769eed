// What a model is, as plain data: it can be written as JSON, compared, stored beside weights. Nothing here knows of
// graphs or GPUs. graph/build.ts turns a spec into operations.
import type { FeatureMap } from './convolution.js';
import type { DenseSpec, LayerSpec } from './layers.js';
import type { ScalingSpec } from './scaling.js';

export { ACTIVATIONS, type Activation } from './activations.js';

/**
 * The largest x whose exp counts, a rate of 5e8: more is no count that f32 tells from the next. EXP_MOST of
 * shaders/lib/numbers/activation.wgsl.
 */
export const EXP_MOST = 20;

/** What a pixel's byte 0..255 becomes. */
export const RANGES = ['0..1', '-1..1'] as const;
/** What pixels are between, as RANGES lists it. */
export type PixelRange = (typeof RANGES)[number];

/** Kinds of damage; CorruptionSpec's `kind` says what each does. */
export const CORRUPTIONS = ['gaussian', 'mask', 'saltpepper'] as const;

/** Damage to the encoder's input, fresh each step. Sizes are those of a picture of 0 (black) to 1 (white). */
export interface CorruptionSpec {
  /** gaussian: noise is added. mask: pixels turn black. saltpepper: pixels turn black or white, with equal chance. */
  kind: (typeof CORRUPTIONS)[number];
  /** gaussian: standard deviation. mask, saltpepper: share of the pixels. */
  amount: number;
}

/**
 * Where the first parameters come from; `fan_in` and `fan_out` are a layer's inputs and units.
 * pytorch: nn.Linear's own, weights and biases uniform in +-1/sqrt(fan_in).
 * xavier: weights uniform in +-sqrt(6 / (fan_in + fan_out)), biases 0; for sigmoid, tanh and identity.
 *   Source: Glorot & Bengio 2010.
 * he: weights uniform in +-sqrt(6 / fan_in), biases 0; for ReLU and its kin.  Source: He et al. 2015.
 */
export const INITIALIZATIONS = ['pytorch', 'xavier', 'he'] as const;
/** Where the first parameters come from, as INITIALIZATIONS lists it. */
export type Initialization = (typeof INITIALIZATIONS)[number];

/** The least and the greatest log variance of a Gaussian code. */
export type LogVarRange = readonly [low: number, high: number];

/** diffusers' (DiagonalGaussianDistribution): variances of 1e-13 to 5e8. */
export const LOG_VAR_RANGE: LogVarRange = [-30, 20];

/**
 * q(z|x) = N(mu, exp(log_var)), both [units], from one matmul each (done as one).
 * One image far from all others can make log_var so large that exp(log_var) is infinite; so it is bounded to `logVarRange`
 * in the sample and in the KL term. Where it lies outside, its gradient is 0, as that of PyTorch's clamp.
 */
export interface GaussianSpec {
  /** A normal distribution of codes: a VAE. */
  kind: 'gaussian';
  /** Dimensions of the code. */
  units: number;
  /** [-30, 20] if absent; null: no bounds. */
  logVarRange?: LogVarRange | null;
}

/**
 * A discrete code: each place of the feature map that the encoder ends in becomes the nearest of `codes` vectors, the codebook. Of
 * a vector, each `dimensions` of its numbers are a place. The decoder begins with the same map. The codebook is the running mean
 * of what is nearest to each vector; vectors that nothing is near to are drawn anew from what the encoder gives.
 * Source: van den Oord et al. 2017, "Neural Discrete Representation Learning", appendix A.1.
 */
export interface QuantizedSpec {
  /** Vectors of a codebook: a VQ-VAE. */
  kind: 'quantized';
  /** Numbers of an example's code: as many as the encoder gives. */
  units: number;
  /** Vectors in the codebook. */
  codes: number;
  /** Numbers of each vector: the channels of the encoder's feature map. */
  dimensions: number;
  /** How much of its running means a step keeps; 0.99 if absent. */
  decay?: number;
}

/** What the encoder ends in. deterministic: one more layer, whose output is the code. */
export type CodeSpec =
  | GaussianSpec
  | QuantizedSpec
  | ({
      /** A plain vector. */
      kind: 'deterministic';
    } & Omit<DenseSpec, 'kind'>);

export const CODE_KINDS = ['gaussian', 'deterministic', 'quantized'] as const;

/** The codebook's decay. */
export const decayOf = ({ decay = 0.99 }: QuantizedSpec): number => decay;

const MAX_F32 = (2 - 2 ** -23) * 2 ** 127;

/** Between which bounds log_var counts; without bounds, all of f32. */
export function logVarRangeOf({ logVarRange = LOG_VAR_RANGE }: GaussianSpec): LogVarRange {
  return logVarRange ?? [-MAX_F32, MAX_F32];
}

/** How output and example are compared; LossSpec's `reconstruction` says what each does. */
export const RECONSTRUCTIONS = ['bce', 'mse', 'poisson'] as const;

/** A variance that is trained with the weights, one for all numbers: the parameter `log_sigma` [1]. */
export const LEARNED = 'learned';

/**
 * The learned sigma is exp(log_sigma) + exp(LOG_SIGMA_FLOOR), 3e-7: never 0, however well the training examples are reproduced.
 * LOG_SIGMA_FLOOR of shaders/lib/losses/gaussian_nll.wgsl.
 */
export const LOG_SIGMA_FLOOR = -15;

/** The learned standard deviation, in the numbers that the model sees, from its parameter. */
export const learnedSigma = (logSigma: number): number => Math.exp(logSigma) + Math.exp(LOG_SIGMA_FLOOR);

/** What is minimised: a reconstruction term and those that the code has. */
export interface LossSpec {
  /**
   * bce: Bernoulli likelihood, computed from logits; in nats an image, summed over pixels.
   * mse: squared error, summed over pixels.
   * poisson: Poisson likelihood of counts, computed from log rates; in nats an example, summed over its numbers. The term is
   * -log p(x), log x! included.
   */
  reconstruction: (typeof RECONSTRUCTIONS)[number];
  /**
   * mse: variance of the pixels' Gaussian; the squared error is weighted with 1 / (2 variance). Absent: weight 1.
   * learned: one variance for all numbers is trained, and the term is -log p(x) of the Gaussian in nats, its constant included.
   * Source: Rybkin et al. 2021, "Simple and Effective VAE Training with Calibrated Decoders".
   */
  variance?: number | typeof LEARNED;
  /** Gaussian code: weight of KL(q(z|x) || N(0, I)); 1, the evidence lower bound, if absent. */
  klWeight?: number;
  /**
   * Gaussian code: nats of each dimension's KL that cost nothing, so that the code is used. Of each row by itself; Kingma et al.
   * 2016, whose idea it is, bound the mean over the batch.
   */
  freeBits?: number;
  /**
   * Gaussian code: nats that the KL is held at; its distance from them is the term. Of each row by itself; Burgess et al. 2018,
   * whose idea it is, hold the mean over the batch.
   */
  capacity?: number;
  /**
   * Gaussian code: so many samples of it an example, and the loss is minus the importance-weighted bound of log p(x),
   * log(1/K sum_k p(x|z_k) p(z_k) / q(z_k|x)), which is tighter the more there are. 1: the bound of a VAE, but with
   * log q(z|x) - log p(z) at the sample in place of the KL divergence. Absent: a VAE's.
   * klWeight is then the power to which p(z) / q(z|x) counts; only with 1 is it a bound.
   * Source: Burda et al. 2016, "Importance Weighted Autoencoders".
   */
  samples?: number;
  /** Deterministic code: weight of the sum of |z|. */
  l1?: number;
  /**
   * Quantised code: weight of the squared distance between what the encoder gives and the codes that it becomes, summed over the
   * example's code; 0.25 if absent.
   */
  commitment?: number;
  /** Deterministic sigmoid code: weight of KL(target || mean activation over the batch), summed over the code. */
  sparsity?: {
    /** Between 0 and 1. */
    target: number;
    /** Of the divergence in the loss. */
    weight: number;
  };
}

/** An autoencoder: images [-> corrupted] -> encoder -> code -> decoder -> images. */
export interface ModelSpec {
  /** Pixels of one image, 784 for 28x28. */
  inputs: number;
  /** What one image is, for layers that see it as one, such as convolutions: `inputs` numbers, channels innermost. */
  image?: FeatureMap;
  /** 0..1 if absent. */
  range?: PixelRange;
  /** What becomes of the examples' numbers before the model sees them, and is undone in what it gives back. Not by default. */
  scaling?: ScalingSpec;
  /**
   * Conditional: so many classes; the image's label, as one-hot, is appended to the code and to the encoder's input or, in a
   * convolutional one, to the feature map where it is flattened.
   */
  classes?: number;
  /** Denoising: the encoder sees damaged images, the loss is against the clean ones. */
  corruption?: CorruptionSpec;
  /** From the example, and without the code; may be empty. */
  encoder: LayerSpec[];
  /** What the encoder ends in. */
  code: CodeSpec;
  /** The last layer gives `inputs` numbers; its activation is the output's: sigmoid for bce, exp for poisson. */
  decoder: LayerSpec[];
  /** What training minimises. */
  loss: LossSpec;
  /** `pytorch` if absent. */
  initialization?: Initialization;
}

/**
 * Terms that a loss may have. Each is told unweighted; see LossSpec for what they are. With `samples`, reconstruction and kl
 * (log q(z|x) - log p(z)) are means over an example's samples by what they count in the bound, and importance is how unequal that
 * is: KL(weights || equal ones), 0 to log(samples). Their sum is minus the bound (graph/operations/importance.ts). perplexity weighs nothing:
 * it is how many codes a batch uses, as if they were used alike.
 */
export type LossTerm = ReconstructionTerm | 'kl' | 'importance' | 'l1' | 'sparsity' | 'commitment' | 'perplexity';

/** How far the output is from the example; gaussian: the negative log likelihood with a learned variance. */
export type ReconstructionTerm = LossSpec['reconstruction'] | 'gaussian';

/** Whether the deviation of the numbers is trained (`variance: "learned"`). */
export const learnsVariance = ({ loss }: Pick<ModelSpec, 'loss'>): boolean => loss.variance === LEARNED;

/** Which of the terms compares the output with the example. */
export const reconstructionTerm = (spec: Pick<ModelSpec, 'loss'>): ReconstructionTerm =>
  learnsVariance(spec) ? 'gaussian' : spec.loss.reconstruction;

/** The terms of a model's loss with their weights, in the order in which they are computed and told. */
export function lossWeights({ code, loss }: ModelSpec): Map<LossTerm, number> {
  const reconstruction = typeof loss.variance === 'number' ? 1 / (2 * loss.variance) : 1;
  const weights = new Map<LossTerm, number>([[reconstructionTerm({ loss }), reconstruction]]);
  if (code.kind === 'gaussian') weights.set('kl', loss.klWeight ?? 1);
  if (loss.samples !== undefined) weights.set('importance', 1);
  if (loss.l1 !== undefined) weights.set('l1', loss.l1);
  if (loss.sparsity !== undefined) weights.set('sparsity', loss.sparsity.weight);
  if (code.kind === 'quantized') weights.set('commitment', loss.commitment ?? 0.25).set('perplexity', 0);
  return weights;
}
