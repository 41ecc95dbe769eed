// The matrix product in two variants (shared-memory tiles for GPUs, register tiles without barriers for software
// adapters), each with the epilogue that its place in the step calls for.
import activationGradientEpilogue from '../../shaders/epilogues/activation_gradient.wgsl';
import biasActivationEpilogue from '../../shaders/epilogues/bias_activation.wgsl';
import plainEpilogue from '../../shaders/epilogues/plain.wgsl';
import weightGradientEpilogue from '../../shaders/epilogues/weight_gradient.wgsl';
import tiledSource from '../../shaders/matmul_tiled.wgsl';
import type { Activation } from '../model/spec.js';
import { activationCode } from './elementwise.js';
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
  /** Floating point operations an element of C. */
  flops: number;
}

/** What is done with C before it reaches memory; bindings follow a and b. */
const EPILOGUES = {
  plain: { source: plainEpilogue, bindings: { c: 'write' }, activation: false, flops: 0 },
  bias_activation: {
    source: biasActivationEpilogue,
    bindings: { bias: 'read', y: 'write' },
    activation: true,
    flops: 2,
  },
  activation_gradient: {
    source: activationGradientEpilogue,
    bindings: { y: 'read', dx: 'write' },
    activation: true,
    flops: 1,
  },
  weight_gradient: {
    source: weightGradientEpilogue,
    bindings: { dw: 'write', dbias: 'write' },
    activation: false,
    flops: 0,
  },
} as const satisfies Record<string, Epilogue>;

export type EpilogueName = keyof typeof EPILOGUES;

/** `tiled` for GPUs, `registers` for software adapters. */
export type MatmulVariant = 'tiled' | 'registers';

interface Variant {
  source: ShaderSource;
  header: Constants;
  /** Rows and columns of C that one workgroup computes. */
  tile: [rows: number, columns: number];
}

const VARIANTS: Record<MatmulVariant, Variant> = {
  tiled: {
    source: tiledSource,
    header: { TILE_M: 32, TILE_N: 32, TILE_K: 16, THREAD_M: 4, THREAD_N: 4 },
    tile: [32, 32],
  },
  registers: {
    source: tiledSource,
    header: { TILE_M: 32, TILE_N: 32, TILE_K: 16, THREAD_M: 4, THREAD_N: 4 },
    tile: [32, 32],
  },
};

export function matmul(variant: MatmulVariant, epilogue: EpilogueName): Kernel<MatmulShape> {
  const { source, header, tile } = VARIANTS[variant];
  const end: Epilogue = EPILOGUES[epilogue];
  return {
    name: `matmul_${variant}+${epilogue}`,
    sources: [source, end.source],
    bindings: { a: 'read', b: 'read', ...end.bindings },
    header,
    constants: ({ m, n, k, transposeA, transposeB, activation }) => ({
      M: m,
      N: n,
      K: k,
      TRANSPOSE_A: Number(transposeA),
      TRANSPOSE_B: Number(transposeB),
      ...(end.activation && { ACTIVATION: activationCode(activation) }),
    }),
    grid: ({ m, n }) => checkGrid([ceilDiv(n, tile[1]), ceilDiv(m, tile[0]), 1], `a matmul to [${m}, ${n}]`),
    flops: ({ m, n, k }) => 2 * m * n * k + end.flops * m * n,
  };
}
