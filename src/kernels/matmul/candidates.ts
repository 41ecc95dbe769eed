// Which variants of the matmul a device is offered for a shape, and which one is taken untimed. Times nothing: the tuner does
// (src/profile/tune-matmuls.ts). What a variant is, and its text form: matmul-variants.ts.
import { F32_BYTES, MAX_GROUPS } from '../kernel.js';
import { type AdapterTraits, type MatmulShape, matmulVariantFor } from './matmul.js';
import {
  fitsShape,
  MATRIX_FEATURE,
  type MatmulVariant,
  partsOf,
  readsVec4,
  type TileSizes,
  takesMatrices,
} from './matmul-variants.js';

export { parseVariant, variantText } from './matmul-variants.js';

/** Optional features of a device that decide which variants it runs. */
export interface DeviceFeatures {
  subgroups: boolean;
  /** Subgroup matrices of f16; no by default. */
  matrices?: boolean;
}

export const deviceFeatures = (features: ReadonlySet<string>): DeviceFeatures => ({
  subgroups: features.has('subgroups'),
  matrices: features.has(MATRIX_FEATURE) && features.has('shader-f16'),
});

/** WebGPU's limits that decide which variants fit. */
export interface WorkgroupLimits {
  maxComputeInvocationsPerWorkgroup: number;
  /** Bytes. */
  maxComputeWorkgroupStorageSize: number;
}

const tile = (tileM: number, tileN: number, tileK: number, threadM: number, threadN: number, split = 1): TileSizes => ({
  tileM,
  tileN,
  tileK,
  threadM,
  threadN,
  split,
});

/** From small, for few rows and a long K, to large, for large matrices; with each of SPLITS that makes sense. */
const TILES: readonly TileSizes[] = [
  tile(16, 16, 8, 4, 4),
  tile(16, 16, 16, 4, 4),
  tile(16, 16, 32, 4, 4),
  tile(16, 32, 8, 4, 4),
  tile(16, 32, 16, 4, 4),
  tile(32, 16, 16, 4, 4),
  tile(32, 32, 8, 4, 4),
  tile(32, 32, 16, 4, 4),
  tile(32, 32, 32, 4, 4),
  tile(32, 64, 16, 4, 4),
  tile(64, 32, 16, 4, 4),
  tile(64, 64, 8, 4, 4),
  tile(64, 64, 16, 4, 4),
  tile(64, 64, 16, 8, 4),
  tile(64, 64, 16, 8, 8),
  tile(64, 128, 16, 4, 8),
  tile(128, 64, 8, 8, 4),
  tile(128, 64, 16, 8, 4),
  tile(128, 128, 8, 8, 8),
  tile(128, 128, 16, 8, 8),
];
const SPLITS = [1, 2, 4, 8];
/** Fewer leave most of a multiprocessor idle, more are no faster anywhere. */
const LANES = { min: 64, max: 512 };
/** Workgroups that fill a large GPU (an H100 has 132 multiprocessors). */
const ENOUGH_GROUPS = 128;
/** With so many, K is not worth splitting. */
const MANY_GROUPS = 1024;
/** Below it K takes so few trips that splitting it saves none. */
const SHORT_K = 256;

/** Lane counts of matmul_rows.wgsl; a software adapter runs so many invocations together. */
const ROWS_LANES = [16, 8, 4];
const USUAL_LANES = 8;

/** Multiply-adds from which on subgroup matrices are faster, by what others measured on an A100 under Dawn. */
const LEAST_FOR_MATRICES = 2 ** 30;

/** Variants with subgroup matrices; none where the size of a subgroup is left to the driver, or the matmul is small. */
function matrixVariants(
  { subgroupSizes, subgroupMatrices = [] }: AdapterTraits,
  { matrices }: DeviceFeatures,
  shape: MatmulShape,
): MatmulVariant[] {
  if (!matrices || !subgroupSizes || subgroupSizes.min !== subgroupSizes.max) return [];
  if (shape.m * shape.n * shape.k <= LEAST_FOR_MATRICES) return [];
  const lanes = subgroupSizes.max;
  return subgroupMatrices
    .filter(takesMatrices)
    .map((sizes): MatmulVariant => ({ name: 'matrix', ...sizes, lanes }))
    .filter((variant) => fitsShape(variant, shape));
}

const groupsOf = ({ m, n }: MatmulShape, { tileM, tileN }: TileSizes): number =>
  Math.ceil(m / tileM) * Math.ceil(n / tileN);

/** Every variant that can compute a matmul of this shape on such a device, and might be the fastest. */
export function matmulCandidates(
  traits: AdapterTraits,
  features: DeviceFeatures,
  limits: WorkgroupLimits,
  shape: MatmulShape,
): MatmulVariant[] {
  const all = traits.software
    ? softwareCandidates(traits, features, shape)
    : [...matrixVariants(traits, features, shape), ...tiledCandidates(shape)];
  const fitting = all.filter((variant) => {
    const { workgroup, storage } = partsOf(variant);
    return (
      fitsShape(variant, shape) &&
      fitsGrid(variant, shape) &&
      workgroup <= limits.maxComputeInvocationsPerWorkgroup &&
      // An epilogue's sum over the workgroup takes a number a lane more (shaders/lib/reduce.wgsl).
      storage + workgroup * F32_BYTES <= limits.maxComputeWorkgroupStorageSize
    );
  });
  return fitting.length > 0 ? fitting : [defaultVariant(traits, features, shape)];
}

/** Whether a dispatch has no more workgroups along an axis than WebGPU lets it have. */
function fitsGrid(variant: MatmulVariant, { m, n }: MatmulShape): boolean {
  const [rows, columns] = partsOf(variant).tile;
  return Math.ceil(m / rows) <= MAX_GROUPS && Math.ceil(n / columns) <= MAX_GROUPS;
}

function tiledCandidates(shape: MatmulShape): MatmulVariant[] {
  const vec4 = readsVec4(shape);
  const { m, n, k } = shape;
  return TILES.flatMap((sizes) => SPLITS.map((split) => ({ ...sizes, split })))
    .filter((sizes) => {
      const { tileM, tileN, tileK, threadM, threadN, split } = sizes;
      const lanes = (tileM / threadM) * (tileN / threadN) * split;
      // A tile that is more than half empty has a smaller one that does the same work.
      const filled = (tileM === 16 || tileM < 2 * m) && (tileN === 16 || tileN < 2 * n);
      const worthwhile = split === 1 || (k > split * tileK && groupsOf(shape, sizes) < MANY_GROUPS);
      return filled && worthwhile && lanes >= LANES.min && lanes <= LANES.max;
    })
    .map((sizes) => ({ name: 'tiled', ...sizes, vec4 }));
}

/** Of fewer columns most of what the other forms compute side by side is nothing. */
const FEW_COLUMNS = 4;
/** From so many on there is enough for all lanes. */
const MANY_ROWS = 4096;

/** For an image's channels: the last of a decoder's convolutions. */
function rowsVariant({ subgroupSizes }: AdapterTraits, shape: MatmulShape): MatmulVariant | undefined {
  if (shape.n > FEW_COLUMNS || shape.m < MANY_ROWS) return undefined;
  const lanes = ROWS_LANES.find((count) => count <= (subgroupSizes?.min ?? USUAL_LANES)) ?? USUAL_LANES;
  return { name: 'rows', lanes, columns: shape.n === 1 ? 1 : 4, vec4: readsVec4(shape) };
}

function softwareCandidates(traits: AdapterTraits, { subgroups }: DeviceFeatures, shape: MatmulShape): MatmulVariant[] {
  const without = matmulVariantFor(traits, false);
  const usual = matmulVariantFor(traits, subgroups);
  const rows = rowsVariant(traits, shape);
  const few = rows ? [rows] : [];
  if (usual.name !== 'subgroups') return [...few, without];
  const wide = [4, 8].map((columns): MatmulVariant => ({ ...usual, columns, vec4: readsVec4(shape) }));
  return [...few, ...wide, without];
}

/**
 * The variant that is the fastest as far as is known without timing it. Fits WebGPU's default limits. Never one with subgroup
 * matrices: these have not been run yet, and only the tuner checks what it is offered.
 */
export function defaultVariant(traits: AdapterTraits, features: DeviceFeatures, shape: MatmulShape): MatmulVariant {
  const usual = usualVariant(traits, features, shape);
  // Places of large feature maps; larger tiles reach further.
  return fitsGrid(usual, shape) ? usual : { name: 'tiled', ...LARGEST_DEFAULT, vec4: readsVec4(shape) };
}

function usualVariant(traits: AdapterTraits, features: DeviceFeatures, shape: MatmulShape): MatmulVariant {
  const vec4 = readsVec4(shape);
  const usual = matmulVariantFor(traits, features.subgroups);
  const rows = traits.software ? rowsVariant(traits, shape) : undefined;
  if (rows) return rows;
  // Of 4 columns a lane, not 8: on lavapipe the sums of 8 do not stay in registers, on SwiftShader they compile for half as
  // long again (bench-notes.md).
  if (usual.name === 'subgroups') return { ...usual, columns: 4, vec4 };
  if (usual.name === 'registers') return usual;
  return { name: 'tiled', ...defaultTile(shape), vec4 };
}

const LARGEST_DEFAULT = tile(128, 64, 16, 8, 4);

function defaultTile(shape: MatmulShape): TileSizes {
  const enough = (sizes: TileSizes) => groupsOf(shape, sizes) >= ENOUGH_GROUPS;
  const large = [LARGEST_DEFAULT, tile(64, 64, 16, 4, 4)];
  const medium = [tile(32, 64, 16, 4, 4), tile(32, 32, 16, 4, 4)];
  const whole = [...large, ...(shape.k <= SHORT_K ? medium : [])].find(enough);
  if (whole) return whole;
  const wide = tile(16, 32, 16, 4, 4, 4);
  return enough(wide) ? wide : tile(16, 16, 8, 4, 4, 8);
}
