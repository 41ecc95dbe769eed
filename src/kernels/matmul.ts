// The matrix product in three variants (shared-memory tiles for GPUs; without barriers for software adapters, with or
// without subgroups), each with the epilogue that its place in the step calls for.
import activationGradientEpilogue from '../../shaders/epilogues/activation_gradient.wgsl';
import biasActivationEpilogue from '../../shaders/epilogues/bias_activation.wgsl';
import biasActivationKeepEpilogue from '../../shaders/epilogues/bias_activation_keep.wgsl';
import noEnd from '../../shaders/epilogues/ends/none.wgsl';
import plainEpilogue from '../../shaders/epilogues/plain.wgsl';
import weightGradientEpilogue from '../../shaders/epilogues/weight_gradient.wgsl';
import registersSource from '../../shaders/matmul_registers.wgsl';
import subgroupsSource from '../../shaders/matmul_subgroups.wgsl';
import tiledSource from '../../shaders/matmul_tiled.wgsl';
import type { Activation } from '../model/spec.js';
import { ACTIVATION_COSTS, activationCode } from './activation.js';
import { type Access, type Constants, ceilDiv, checkGrid, type Kernel } from './kernel.js';
import type { ShaderSource } from './shader.js';

/** C [m, n] = sum over k of A B; A is stored [m, k] or, transposed, [k, m]; B [k, n] or [n, k]. */
export interface MatmulShape {
  m: number;
  n: number;
  k: number;
  transposeA: boolean;
  transposeB: boolean;
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

/**
 * How the product is computed. `tiled`: shared-memory tiles, for GPUs. `subgroups` and `registers`: no barrier, no shared
 * memory, for software adapters with and without the feature; `lanes` is how many invocations run together there.
 */
export type MatmulVariant =
  | { name: 'tiled' }
  | { name: 'subgroups'; lanes: number }
  | { name: 'registers'; lanes: number };

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

interface Variant {
  source: ShaderSource;
  header: Constants;
  /** More values for `override`s. */
  tuning: Constants;
  enables: string[];
  /** Invocations a workgroup. */
  workgroup: number;
  /** Rows and columns of C that one workgroup computes. */
  tile: [rows: number, columns: number];
}

function variantOf(variant: MatmulVariant): Variant {
  switch (variant.name) {
    case 'tiled': {
      const header = { TILE_M: 32, TILE_N: 32, TILE_K: 16, THREAD_M: 4, THREAD_N: 4 };
      const workgroup = (header.TILE_M / header.THREAD_M) * (header.TILE_N / header.THREAD_N);
      return { source: tiledSource, header, tuning: {}, enables: [], workgroup, tile: [header.TILE_M, header.TILE_N] };
    }
    case 'subgroups':
      return {
        source: subgroupsSource,
        header: { LANES: variant.lanes },
        tuning: {},
        enables: ['subgroups'],
        workgroup: variant.lanes,
        tile: [16, 4 * variant.lanes],
      };
    case 'registers':
      return {
        source: registersSource,
        header: {},
        tuning: { WG: variant.lanes },
        enables: [],
        workgroup: variant.lanes,
        tile: [8, 8 * variant.lanes],
      };
  }
}

export function matmul(variant: MatmulVariant, epilogue: EpilogueName): Kernel<MatmulShape> {
  const { source, header, tuning, enables, workgroup, tile } = variantOf(variant);
  const end: Epilogue = EPILOGUES[epilogue];
  return {
    name: `matmul_${variant.name}+${epilogue}`,
    sources: [source, end.source, noEnd],
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
    grid: ({ m, n }) => checkGrid([ceilDiv(n, tile[1]), ceilDiv(m, tile[0]), 1], `a matmul to [${m}, ${n}]`),
    flops: ({ m, n, k, activation }) => 2 * m * n * k + end.flops(activation) * m * n + (end.biasGradient ? m * k : 0),
  };
}
