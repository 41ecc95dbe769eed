// What is done with a matmul's result before it reaches memory, as data: shaders/epilogues/. Any variant takes any of them.
import activationGradientSource from '../../../shaders/epilogues/activation_gradient.wgsl';
import biasActivationSource from '../../../shaders/epilogues/bias_activation.wgsl';
import biasActivationKeepSource from '../../../shaders/epilogues/bias_activation_keep.wgsl';
import finishStepEnd from '../../../shaders/epilogues/ends/finish_step.wgsl';
import lossAndSigmaSumsEnd from '../../../shaders/epilogues/ends/loss_and_sigma_sums.wgsl';
import lossSumEnd from '../../../shaders/epilogues/ends/loss_sum.wgsl';
import noEnd from '../../../shaders/epilogues/ends/none.wgsl';
import stepState from '../../../shaders/epilogues/ends/step_state.wgsl';
import gaussianLossSource from '../../../shaders/epilogues/gaussian_loss.wgsl';
import latentGradientSource from '../../../shaders/epilogues/latent_gradient.wgsl';
import lossSource from '../../../shaders/epilogues/loss.wgsl';
import bceSource from '../../../shaders/epilogues/losses/bce.wgsl';
import gradientSource from '../../../shaders/epilogues/losses/gradient.wgsl';
import noGradientSource from '../../../shaders/epilogues/losses/no_gradient.wgsl';
import noSigmaGradientSource from '../../../shaders/epilogues/losses/no_sigma_gradient.wgsl';
import poissonNllSource from '../../../shaders/epilogues/losses/poisson_nll.wgsl';
import squaredErrorSource from '../../../shaders/epilogues/losses/squared_error.wgsl';
import optimizerSource from '../../../shaders/epilogues/optimizer.wgsl';
import plainSource from '../../../shaders/epilogues/plain.wgsl';
import sampledHeadsSource from '../../../shaders/epilogues/sampled_heads.wgsl';
import weightGradientSource from '../../../shaders/epilogues/weight_gradient.wgsl';
import type { NoiseStream } from '../../graph/operations/ops.js';
import type { Activation, LogVarRange } from '../../model/spec.js';
import { STREAM } from '../../random.js';
import { ACTIVATION_COSTS, activationCode } from '../activation.js';
import type { Access, Constants } from '../kernel.js';
import { freeBitsConstant } from '../losses/latent.js';
import { LOSS_COSTS } from '../losses/loss.js';
import { type OptimizerForm, updateOf } from '../optimizer.js';
import type { ShaderSource } from '../shader.js';

export interface Epilogue {
  name: string;
  /** The functions that shaders/lib/matmul_operands.wgsl asks for. */
  sources: ShaderSource[];
  /** Bindings follow a and b. */
  bindings: Record<string, Access>;
  /** Bindings of what may be f16: read, and written. */
  loads?: string;
  stores?: string;
  /**
   * What must be a multiple of 4 for it to take four elements at a time: N or, because it writes M numbers that nothing pads,
   * both. Absent: it takes single ones only.
   */
  quads?: 'n' | 'm and n';
  /** Whether the sources find their bindings by constants BINDING_NAME. */
  numbered?: boolean;
  /** Values for the module's `override`s; `activation` is the one that it applies or undoes, if it does. */
  constants(activation: Activation): Constants;
  /** Of `sizes`, what it reads beyond the product's own. */
  sizes?: Constants;
  /** Whether two columns, n / 2 apart, are to come to one lane one after the other. */
  paired?: boolean;
  /** Whether it ends in a sum over its workgroup, of which shaders/lib/reduce.wgsl wants to know the size. */
  sums?: boolean;
  /** Whether it wants the sum of each row of A. */
  biasGradient: boolean;
  /** Floating point operations an element of C. */
  flops(activation: Activation): number;
  /** And a sum of a row, beyond the sum. */
  biasFlops: number;
}

const NOTHING = { biasGradient: false, biasFlops: 0, constants: () => ({}), flops: () => 0 };
const ACTIVATION = { constants: (activation: Activation) => ({ ACTIVATION: activationCode(activation) }) };
const FORWARD = {
  ...ACTIVATION,
  quads: 'n' as const,
  flops: (activation: Activation) => 1 + ACTIVATION_COSTS[activation].forward,
};

/** Those that are always the same. */
export const EPILOGUES = {
  plain: { ...NOTHING, quads: 'n', name: 'plain', sources: [plainSource, noEnd], bindings: { c: 'write' } },
  bias_activation: {
    ...NOTHING,
    ...FORWARD,
    name: 'bias_activation',
    sources: [biasActivationSource, noEnd],
    bindings: { bias: 'read', y: 'write' },
    stores: 'y',
  },
  bias_activation_keep: {
    ...NOTHING,
    ...FORWARD,
    name: 'bias_activation_keep',
    sources: [biasActivationKeepSource, noEnd],
    bindings: { bias: 'read', x: 'write', y: 'write' },
    stores: 'y',
  },
  activation_gradient: {
    ...NOTHING,
    ...ACTIVATION,
    quads: 'n',
    name: 'activation_gradient',
    sources: [activationGradientSource, noEnd],
    bindings: { kept: 'read', dx: 'write' },
    loads: 'kept',
    stores: 'dx',
    flops: (activation) => ACTIVATION_COSTS[activation].gradient,
  },
  weight_gradient: {
    ...NOTHING,
    quads: 'm and n',
    name: 'weight_gradient',
    sources: [weightGradientSource, noEnd],
    bindings: { dw: 'write', dbias: 'write' },
    biasGradient: true,
  },
} as const satisfies Record<string, Epilogue>;

export type EpilogueName = keyof typeof EPILOGUES;

/**
 * The update of a layer's weight and bias from the gradients at hand. `w` and what the optimizer keeps are bound from the
 * weight's first number on; the bias, if there is one, begins `biasAt` numbers later, and zeros fill what it leaves of its last quad.
 */
export function optimizerEpilogue(form: OptimizerForm, biasAt?: number): Epilogue {
  const { name, sources, bindings, constants, flops } = updateOf(form);
  return {
    name,
    sources: [optimizerSource, ...sources, noEnd],
    bindings,
    numbered: true,
    quads: 'n',
    constants: () => constants,
    sizes: { bias_at: biasAt ?? 0 },
    biasGradient: biasAt !== undefined,
    flops: () => flops,
    biasFlops: flops,
  };
}

const LOSS_SOURCES = {
  bce: [lossSource, bceSource],
  squared_error: [lossSource, squaredErrorSource],
  gaussian_nll: [gaussianLossSource],
  poisson_nll: [lossSource, poissonNllSource],
} as const;

/** What the last layer's output is compared by. */
export interface OutputLoss {
  kind: keyof typeof LOSS_SOURCES;
  /** Whether somebody asks for the gradient. */
  gradient: boolean;
  /** Whether the activation's slope is told from its input (KEPT_FOR_GRADIENT of graph/activation.ts). */
  keepsInput: boolean;
  /** Rows of the product that are one example: the places of a feature map; 1 if absent. */
  area?: number;
}

/**
 * The loss of the layer's output, and its gradient. Cross entropy takes logits, Poisson log rates: their activation is the
 * identity. With a learned variance the gradient of log_sigma comes as well, in parts, one a workgroup.
 */
export function lossEpilogue({ kind, gradient, keepsInput, area = 1 }: OutputLoss): Epilogue {
  const learned = kind === 'gaussian_nll';
  const activated = learned || kind === 'squared_error';
  const own = LOSS_COSTS[kind];
  return {
    ...NOTHING,
    quads: 'n',
    name: gradient ? `${kind}_with_gradient` : kind,
    sources: [
      ...LOSS_SOURCES[kind],
      gradient ? gradientSource : noGradientSource,
      ...(learned && !gradient ? [noSigmaGradientSource] : []),
      learned && gradient ? lossAndSigmaSumsEnd : lossSumEnd,
    ],
    bindings: {
      bias: 'read',
      targets: 'read',
      settings: 'uniform',
      progress: 'uniform',
      losses: 'write',
      ...(gradient && { dx: 'write' }),
      ...(learned && { log_sigma: 'read' }),
      ...(learned && gradient && { sigma_parts: 'write' }),
    },
    ...(gradient && { stores: 'dx' }),
    numbered: true,
    sums: true,
    sizes: { area },
    constants: (activation) => ({
      ACTIVATION: activationCode(activation),
      ...(activated && { KEEPS_INPUT: Number(keepsInput) }),
    }),
    flops: (activation) => {
      const cost = ACTIVATION_COSTS[activation];
      return 1 + cost.forward + own.loss + (gradient ? own.gradient + cost.gradient : 0);
    },
  };
}

/** What of a Gaussian code decides about its kernels. */
export interface CodeShape {
  latent: number;
  stream: NoiseStream;
  logVarRange: LogVarRange;
  freeBits?: number;
}

const codeConstants = ({ logVarRange: [low, high], ...rest }: CodeShape) => ({
  LOG_VAR_LOW: low,
  LOG_VAR_HIGH: high,
  ...freeBitsConstant(rest),
});
const codeSizes = ({ latent, stream }: CodeShape) => ({ latent, stream: STREAM[stream] });

/** mu, log_var, the sample and the KL divergence, of the product to [rows, 2 latent]. */
export const sampledHeadsEpilogue = (shape: CodeShape): Epilogue => ({
  ...NOTHING,
  name: 'sampled_heads',
  sources: [sampledHeadsSource, lossSumEnd],
  bindings: {
    bias: 'read',
    settings: 'uniform',
    progress: 'uniform',
    heads: 'write',
    z: 'write',
    losses: 'write',
  },
  stores: 'z',
  numbered: true,
  paired: true,
  sums: true,
  constants: () => codeConstants(shape),
  sizes: codeSizes(shape),
  // A bias each; of each pair the sample, 4, and the divergence, 6.
  flops: () => 1 + (4 + 6) / 2,
});

/** The heads' gradient, of the product to dz; `columns` is how many the product has. */
export const latentGradientEpilogue = (shape: CodeShape, columns: number): Epilogue => ({
  ...NOTHING,
  name: 'latent_gradient',
  sources: [latentGradientSource, noEnd],
  bindings: { heads: 'read', settings: 'uniform', progress: 'uniform', dheads: 'write' },
  stores: 'dheads',
  numbered: true,
  constants: () => codeConstants(shape),
  sizes: codeSizes(shape),
  flops: () => (14 * shape.latent) / columns,
});

/** Whether there is nothing yet that a dispatch of these sources does at its end. */
export const endsFree = (sources: readonly ShaderSource[]): boolean => sources.at(-1) === noEnd;

/** The same sources, of which the first workgroup also ends the step; `knowsStep`: whether they bind its state. */
export const endingStep = (sources: readonly ShaderSource[], knowsStep: boolean): ShaderSource[] => [
  ...sources.slice(0, -1),
  ...(knowsStep ? [] : [stepState]),
  finishStepEnd,
];
