// The matrix product in three variants (shared-memory tiles for GPUs; without barriers for software adapters, with or
// without subgroups), each with the epilogue that its place in the step calls for.
import registersSource from '../../shaders/matmul_registers.wgsl';
import subgroupsSource from '../../shaders/matmul_subgroups.wgsl';
import tiledSource from '../../shaders/matmul_tiled.wgsl';
import type { Activation } from '../model/spec.js';
import { EPILOGUES, type Epilogue, type EpilogueName } from './epilogues.js';
import { bindingNumbers, type Constants, ceilDiv, checkGrid, type Kernel } from './kernel.js';
import type { ShaderSource } from './shader.js';

export type { EpilogueName } from './epilogues.js';

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
  /** From one column that a lane stores to the next; half of the tile's columns at most. */
  columnStride: number;
}

function variantOf(variant: MatmulVariant): Variant {
  switch (variant.name) {
    case 'tiled': {
      const header = { TILE_M: 32, TILE_N: 32, TILE_K: 16, THREAD_M: 4, THREAD_N: 4 };
      const workgroup = (header.TILE_M / header.THREAD_M) * (header.TILE_N / header.THREAD_N);
      const columnStride = header.TILE_N / header.THREAD_N;
      const tile: Variant['tile'] = [header.TILE_M, header.TILE_N];
      return { source: tiledSource, header, tuning: {}, enables: [], workgroup, tile, columnStride };
    }
    case 'subgroups':
      return {
        source: subgroupsSource,
        header: { LANES: variant.lanes },
        tuning: {},
        enables: ['subgroups'],
        workgroup: variant.lanes,
        tile: [16, 4 * variant.lanes],
        columnStride: variant.lanes,
      };
    case 'registers':
      return {
        source: registersSource,
        header: {},
        tuning: { WG: variant.lanes },
        enables: [],
        workgroup: variant.lanes,
        tile: [8, 8 * variant.lanes],
        columnStride: variant.lanes,
      };
  }
}

/** @param epilogue what is done with C before it reaches memory; its bindings follow a and b */
export function matmul(variant: MatmulVariant, epilogue: EpilogueName | Epilogue): Kernel<MatmulShape> {
  const { source, header, tuning, enables, workgroup, tile, columnStride } = variantOf(variant);
  const end: Epilogue = typeof epilogue === 'string' ? EPILOGUES[epilogue] : epilogue;
  const bindings = { a: 'read' as const, b: 'read' as const, ...end.bindings };
  // Of pairs of columns, whole strides of pairs (shaders/lib/matmul_operands.wgsl).
  const columns = (n: number) => (end.paired ? 2 * columnStride * ceilDiv(n / 2, columnStride) : n);
  return {
    name: `matmul_${variant.name}+${end.name}`,
    sources: [source, ...end.sources],
    bindings,
    header: { ...header, ...(end.numbered && bindingNumbers(bindings)) },
    enables,
    workgroup,
    constants: ({ m, n, k, transposeA, transposeB, activation }) => ({
      M: m,
      N: columns(n),
      K: k,
      TRANSPOSE_A: Number(transposeA),
      TRANSPOSE_B: Number(transposeB),
      BIAS_GRADIENT: Number(end.biasGradient),
      ...tuning,
      ...(end.paired && { PAIRS: n / 2, PAIR_STRIDE: columnStride }),
      ...(end.sums && { WORKGROUP: workgroup }),
      ...end.constants(activation),
    }),
    grid: ({ m, n }) => checkGrid([ceilDiv(columns(n), tile[1]), ceilDiv(m, tile[0]), 1], `a matmul to [${m}, ${n}]`),
    flops: ({ m, n, k, activation }) =>
      2 * m * n * k + end.flops(activation) * m * n + (end.biasGradient ? (k + end.biasFlops) * m : 0),
  };
}
