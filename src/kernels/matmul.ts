// The matrix product in its variants (matmul-variants.ts), each with the epilogue that its place in the step calls for.
import activationGradientEpilogue from '../../shaders/epilogues/activation_gradient.wgsl';
import biasActivationEpilogue from '../../shaders/epilogues/bias_activation.wgsl';
import biasActivationKeepEpilogue from '../../shaders/epilogues/bias_activation_keep.wgsl';
import noEnd from '../../shaders/epilogues/ends/none.wgsl';
import plainEpilogue from '../../shaders/epilogues/plain.wgsl';
import weightGradientEpilogue from '../../shaders/epilogues/weight_gradient.wgsl';
import { ArgumentError } from '../errors.js';
import type { Activation } from '../model/spec.js';
import { ACTIVATION_COSTS, activationCode } from './activation.js';
import { type Access, ceilDiv, checkGrid, type Kernel } from './kernel.js';
import { fitsShape, type MatmulVariant, type ProductShape, partsOf, variantText } from './matmul-variants.js';
import type { ShaderSource } from './shader.js';

export interface MatmulShape extends ProductShape {
  /** For the epilogues that apply or undo one. */
  activation: Activation;
}

interface Epilogue {
  source: ShaderSource;
  bindings: Record<string, Access>;
  /** Whether it applies or undoes an activation (lib/activation.wgsl). */
  activation: boolean;
  /** Whether it wants the sum of each row of A. */
  biasGradient: boolean;
  /** Floating point operations an element of C. */
  flops(activation: Activation): number;
}

const forwardFlops = (activation: Activation) => 1 + ACTIVATION_COSTS[activation].forward;

/** What is done with C before it reaches memory; bindings follow a and b. */
const EPILOGUES = {
  plain: { source: plainEpilogue, bindings: { c: 'write' }, activation: false, biasGradient: false, flops: () => 0 },
  bias_activation: {
    source: biasActivationEpilogue,
    bindings: { bias: 'read', y: 'write' },
    activation: true,
    biasGradient: false,
    flops: forwardFlops,
  },
  bias_activation_keep: {
    source: biasActivationKeepEpilogue,
    bindings: { bias: 'read', x: 'write', y: 'write' },
    activation: true,
    biasGradient: false,
    flops: forwardFlops,
  },
  activation_gradient: {
    source: activationGradientEpilogue,
    bindings: { kept: 'read', dx: 'write' },
    activation: true,
    biasGradient: false,
    flops: (activation) => ACTIVATION_COSTS[activation].gradient,
  },
  weight_gradient: {
    source: weightGradientEpilogue,
    bindings: { dw: 'write', dbias: 'write' },
    activation: false,
    biasGradient: true,
    flops: () => 0,
  },
} as const satisfies Record<string, Epilogue>;

export type EpilogueName = keyof typeof EPILOGUES;

export type { MatmulVariant } from './matmul-variants.js';

/** What of an adapter decides about the variant. */
export interface AdapterTraits {
  software: boolean;
  subgroupSizes?: { min: number; max: number };
}

/** Invocations that a software adapter runs together where it does not say: SwiftShader has 4, lavapipe 8. */
const USUAL_LANES = 8;
/** Lane counts that matmul_subgroups.wgsl is written for. */
const SUBGROUP_LANES = [16, 8, 4];

/** The fastest variant that is known for an adapter; `subgroups` says whether the device has the feature. */
export function matmulVariantFor({ software, subgroupSizes }: AdapterTraits, subgroups: boolean): MatmulVariant {
  if (!software) return { name: 'tiled' };
  const lanes = SUBGROUP_LANES.find((count) => subgroupSizes && count <= subgroupSizes.min);
  return subgroups && lanes ? { name: 'subgroups', lanes } : { name: 'registers', lanes: lanes ?? USUAL_LANES };
}

/** Every variant that a device can run: what a choice of the fastest by measurement chooses from. */
export function matmulVariants({ subgroupSizes }: AdapterTraits, subgroups: boolean): MatmulVariant[] {
  const together = subgroupSizes?.min ?? USUAL_LANES;
  return [
    { name: 'tiled' },
    ...[32, ...SUBGROUP_LANES]
      .filter((lanes) => lanes <= together)
      .map((lanes): MatmulVariant => ({ name: 'registers', lanes })),
    ...SUBGROUP_LANES.filter((lanes) => subgroups && subgroupSizes && lanes <= together).map(
      (lanes): MatmulVariant => ({ name: 'subgroups', lanes }),
    ),
  ];
}

export function matmul(variant: MatmulVariant, epilogue: EpilogueName): Kernel<MatmulShape> {
  const { source, operands, header, tuning, enables, workgroup, tile } = partsOf(variant);
  const end: Epilogue = EPILOGUES[epilogue];
  return {
    name: `matmul_${variant.name}+${epilogue}`,
    sources: [source, operands, end.source, noEnd],
    bindings: { a: 'read', b: 'read', ...end.bindings },
    header,
    enables,
    workgroup,
    constants: ({ m, n, k, transposeA, transposeB, activation }) => ({
      M: m,
      N: n,
      K: k,
      TRANSPOSE_A: Number(transposeA),
      TRANSPOSE_B: Number(transposeB),
      BIAS_GRADIENT: Number(end.biasGradient),
      ...tuning,
      ...(end.activation && { ACTIVATION: activationCode(activation) }),
    }),
    grid: (shape) => {
      const { m, n, k } = shape;
      if (!fitsShape(variant, shape))
        throw new ArgumentError(
          `a matmul to [${m}, ${n}] over ${k} by "${variantText(variant)}": vec4 needs K and what lies side by side to be ` +
            'multiples of 4. Take the variant without vec4',
        );
      return checkGrid([ceilDiv(n, tile[1]), ceilDiv(m, tile[0]), 1], `a matmul to [${m}, ${n}]`);
    },
    flops: ({ m, n, k, activation }) => 2 * m * n * k + end.flops(activation) * m * n + (end.biasGradient ? m * k : 0),
  };
}
