// How a matmul is computed, as data: what each variant's shader is given, which shapes it fits, and its text form, by which
// a person pins one. Which of them a device is offered: candidates.ts.
import matrixSource from '../../../shaders/matmul/matmul_matrix.wgsl';
import registersSource from '../../../shaders/matmul/matmul_registers.wgsl';
import rowsSource from '../../../shaders/matmul/matmul_rows.wgsl';
import subgroupsSource from '../../../shaders/matmul/matmul_subgroups.wgsl';
import tiledSource from '../../../shaders/matmul/matmul_tiled.wgsl';
import { ArgumentError } from '../../errors.js';
import { type Constants, F32_BYTES } from '../kernel.js';
import type { ShaderSource } from '../shader.js';
import type { NumberType } from '../stored.js';
import { type OperandShape, wholeQuads } from './operands.js';

/**
 * C [m, n] = sum over k of A B; A is stored [m, k] or, transposed, [k, m]; B [k, n] or [n, k]. With a `view`, operands are found as
 * a convolution's are, and the sizes are those of each of its products.
 */
export interface ProductShape extends OperandShape {
  /** What A and B are in memory; f32 both if absent. */
  types?: OperandTypes;
}

/** What A and B are in memory. */
export type OperandTypes = readonly [a: NumberType, b: NumberType];

/** Sizes of matmul_tiled.wgsl. */
export interface TileSizes {
  /** Rows of C that a workgroup computes. */
  tileM: number;
  /** Columns of C that a workgroup computes. */
  tileN: number;
  /** Of K, what lies in shared memory at a time. */
  tileK: number;
  /** Rows of C that a lane computes: 4 or 8. */
  threadM: number;
  /** Columns of C that a lane computes: 4 or 8. */
  threadN: number;
  /** Groups of lanes of a workgroup that share K. */
  split: number;
}

/** With TileSizes left out, DEFAULT_TILE has them. `vec4`: operands are read four numbers a load (fitsShape says where). */
export interface TiledVariant extends Partial<TileSizes> {
  /** matmul_tiled.wgsl. */
  name: 'tiled';
  /** Four numbers a load. */
  vec4?: boolean;
}

/** `lanes`: invocations that run together; `columns`: of a lane, 4 (if absent) or 8. */
export interface SubgroupsVariant {
  /** matmul_subgroups.wgsl. */
  name: 'subgroups';
  /** Invocations that run together. */
  lanes: number;
  /** Of C, a lane; 4 if absent. */
  columns?: number;
  /** Four numbers a load. */
  vec4?: boolean;
}

/** Neither subgroups nor shared memory. */
export interface RegistersVariant {
  /** matmul_registers.wgsl. */
  name: 'registers';
  /** Invocations that run together. */
  lanes: number;
}

/** `lanes`: invocations that run together; `columns`: of a lane, 4 or, where C has but one, 1. */
export interface RowsVariant {
  /** matmul_rows.wgsl. */
  name: 'rows';
  /** Invocations that run together. */
  lanes: number;
  /** Of C, a lane. */
  columns: number;
  /** Four numbers a load. */
  vec4?: boolean;
}

/** What an adapter's subgroup matrices multiply: left [m, k], right [k, n]. */
export interface MatrixSizes {
  /** Rows of the left matrix. */
  m: number;
  /** Columns of the right one. */
  n: number;
  /** Columns of the left, rows of the right one. */
  k: number;
}

/** `lanes`: of a subgroup. Operands are f16, and the shape has no edge: fitsShape says which fit. */
export interface MatrixVariant extends MatrixSizes {
  /** matmul_matrix.wgsl. */
  name: 'matrix';
  /** Of a subgroup. */
  lanes: number;
}

/**
 * How the product is computed. `matrix`: with subgroup matrices; it has never been run. `tiled`: shared-memory tiles, for GPUs. `subgroups` and `registers`: no barrier, no shared
 * memory, for software adapters with and without the feature; `lanes` is how many invocations run together there. `rows`: the same
 * for many rows of few columns.
 */
export type MatmulVariant = TiledVariant | SubgroupsVariant | RegistersVariant | RowsVariant | MatrixVariant;

export const DEFAULT_TILE: TileSizes = { tileM: 32, tileN: 32, tileK: 16, threadM: 4, threadN: 4, split: 1 };

/** Rows and columns of C that matmul_matrix.wgsl computes in a workgroup. */
const MATRIX_SIDE = 32;

/** What a variant's kernel is made of. */
export interface VariantParts {
  source: ShaderSource;
  header: Constants;
  /** More values for `override`s. */
  tuning: Constants;
  enables: string[];
  /** Invocations a workgroup, a power of two. */
  workgroup: number;
  /** Bytes of workgroup memory. */
  storage: number;
  /** Rows and columns of C that one workgroup computes. */
  tile: [rows: number, columns: number];
  /** A lane stores columns c, c + columnStride, c + 2 columnStride, ... of a row. */
  columnStride: number;
}

export function partsOf(variant: MatmulVariant): VariantParts {
  switch (variant.name) {
    case 'tiled': {
      const { tileM, tileN, tileK, threadM, threadN, split } = tileOf(variant);
      const workgroup = (tileM / threadM) * (tileN / threadN) * split;
      const tiles = split * tileK * (tileM / 4 + 1 + tileN / 4 + 1);
      const sums = split > 1 ? (workgroup * threadM * threadN) / 4 : 0;
      return {
        source: tiledSource,
        header: { TILE_M: tileM, TILE_N: tileN, TILE_K: tileK, THREAD_M: threadM, THREAD_N: threadN, SPLIT: split },
        tuning: {},
        enables: [],
        workgroup,
        storage: Math.max(tiles, sums) * 4 * F32_BYTES + split * tileM * F32_BYTES,
        tile: [tileM, tileN],
        columnStride: 1,
      };
    }
    case 'subgroups': {
      const { lanes, columns = 4 } = variant;
      return {
        source: subgroupsSource,
        header: { LANES: lanes, COLUMNS: columns },
        tuning: {},
        enables: ['subgroups'],
        workgroup: lanes,
        storage: 0,
        tile: [32, columns * lanes],
        columnStride: 1,
      };
    }
    case 'matrix': {
      const { m, n, k, lanes } = variant;
      return {
        source: matrixSource,
        header: { LANES: lanes, MATRIX_M: m, MATRIX_N: n, MATRIX_K: k, SIDE: MATRIX_SIDE },
        tuning: {},
        enables: [MATRIX_FEATURE.replaceAll('-', '_')],
        workgroup: lanes,
        storage: MATRIX_SIDE * m * F32_BYTES,
        tile: [MATRIX_SIDE, MATRIX_SIDE],
        columnStride: n,
      };
    }
    case 'rows': {
      const { lanes, columns } = variant;
      return {
        source: rowsSource,
        header: { LANES: lanes, COLUMNS: columns },
        tuning: {},
        enables: [],
        workgroup: lanes,
        storage: 0,
        tile: [8 * lanes, columns],
        columnStride: 1,
      };
    }
    case 'registers':
      return {
        source: registersSource,
        header: {},
        tuning: { WG: variant.lanes },
        enables: [],
        workgroup: variant.lanes,
        storage: 0,
        tile: [8, 8 * variant.lanes],
        columnStride: variant.lanes,
      };
  }
}

const tileOf = ({ name: _, vec4: __, ...sizes }: TiledVariant): TileSizes => ({ ...DEFAULT_TILE, ...sizes });

/** A lane stores columns c, c + columnStride, c + 2 columnStride, ... of a row, an even number of them. */
export const columnStride = (variant: MatmulVariant): number => partsOf(variant).columnStride;

/**
 * Whether vec4 reads the operands of a shape: blocks of four by four are whole along what is stored side by side. Of a
 * convolution it reads what it can so, at least one of the two.
 */
export function readsVec4(shape: ProductShape): boolean {
  const { a, b } = wholeQuads(shape);
  return shape.view ? a || b : a && b;
}

/** WebGPU's feature of the adapters that have subgroup matrices. */
export const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix';

/** Whether a variant computes a matmul of this shape. */
export function fitsShape(variant: MatmulVariant, shape: ProductShape): boolean {
  if (variant.name === 'matrix') {
    const whole = shape.m % MATRIX_SIDE === 0 && shape.n % MATRIX_SIDE === 0 && shape.k % variant.k === 0;
    return whole && !shape.view && shape.types?.every((type) => type === 'f16') === true;
  }
  if (variant.name === 'rows' && variant.columns === 1 && shape.n !== 1) return false;
  return !('vec4' in variant && variant.vec4) || readsVec4(shape);
}

/** Whether matmul_matrix.wgsl is written for matrices of these sizes. */
export const takesMatrices = ({ m, n }: MatrixSizes): boolean => MATRIX_SIDE % m === 0 && MATRIX_SIDE % (2 * n) === 0;

/** "tiled 64x64x16 8x4 split 4 vec4", "subgroups 8 lanes 32x4 vec4", "registers 8 lanes", "rows 8 lanes 8x4 vec4", "matrix 16x16x16 32 lanes"; "tiled" is the default tile. */
export function variantText(variant: MatmulVariant): string {
  if (variant.name === 'registers') return `registers ${variant.lanes} lanes`;
  if (variant.name === 'matrix') return `matrix ${variant.m}x${variant.n}x${variant.k} ${variant.lanes} lanes`;
  const vec4 = variant.vec4 ? ' vec4' : '';
  if (variant.name === 'rows') return `rows ${variant.lanes} lanes 8x${variant.columns}${vec4}`;
  if (variant.name === 'subgroups') return `subgroups ${variant.lanes} lanes 32x${variant.columns ?? 4}${vec4}`;
  const { tileM, tileN, tileK, threadM, threadN, split } = tileOf(variant);
  const splits = split === 1 ? '' : ` split ${split}`;
  return `tiled ${tileM}x${tileN}x${tileK} ${threadM}x${threadN}${splits}${vec4}`;
}

const TILED = /^tiled (\d+)x(\d+)x(\d+) ([48])x([48])(?: split ([248]))?( vec4)?$/;
const SUBGROUPS = /^subgroups (4|8|16) lanes 32x([48])( vec4)?$/;
const MATRIX = /^matrix (4|8|16)x(4|8|16)x(4|8|16|32) (4|8|16|32|64|128) lanes$/;
const ROWS = /^rows (4|8|16) lanes 8x([14])( vec4)?$/;
const REGISTERS = /^registers ([1-9]\d{0,3}) lanes$/;

/** @throws ArgumentError if `text` is none that `variantText` gives */
export function parseVariant(text: string): MatmulVariant {
  const registers = REGISTERS.exec(text);
  if (registers) return { name: 'registers', lanes: Number(registers[1]) };
  const subgroups = SUBGROUPS.exec(text);
  if (subgroups)
    return {
      name: 'subgroups',
      lanes: Number(subgroups[1]),
      columns: Number(subgroups[2]),
      vec4: subgroups[3] !== undefined,
    };
  const rows = ROWS.exec(text);
  if (rows) return { name: 'rows', lanes: Number(rows[1]), columns: Number(rows[2]), vec4: rows[3] !== undefined };
  const matrix = MATRIX.exec(text);
  if (matrix) {
    const [m = 0, n = 0, k = 0, lanes = 0] = matrix.slice(1).map(Number);
    return { name: 'matrix', m, n, k, lanes };
  }
  const tiled = TILED.exec(text);
  const variant = tiled && tiledFrom(tiled);
  if (variant) return variant;
  throw new ArgumentError(
    `matmul variant "${text}", must be such as "tiled 64x64x16 8x4 split 4 vec4" (sides powers of two from 16 to 128, K 8 to ` +
      '32), "subgroups 8 lanes 32x4 vec4", "registers 8 lanes", "rows 8 lanes 8x4 vec4" or "matrix 16x16x16 32 lanes"',
  );
}

const SIDES = [16, 32, 64, 128];
const DEPTHS = [8, 16, 32];

function tiledFrom(match: RegExpExecArray): TiledVariant | undefined {
  const [tileM = 0, tileN = 0, tileK = 0, threadM = 0, threadN = 0, split = 1] = match
    .slice(1, 7)
    .map((digits) => (digits === undefined ? undefined : Number(digits)));
  if (!SIDES.includes(tileM) || !SIDES.includes(tileN) || !DEPTHS.includes(tileK)) return undefined;
  return { name: 'tiled', tileM, tileN, tileK, threadM, threadN, split, vec4: match[7] !== undefined };
}
