// Kernels that normalise by the statistics of a batch, of a layer or of a group, and their gradients.

import batchMomentsSource from '../../../shaders/norm/batch_moments.wgsl';
import batchNormGradientSource from '../../../shaders/norm/batch_norm_gradient.wgsl';
import batchStatisticsSource from '../../../shaders/norm/batch_statistics.wgsl';
import combineMomentsSource from '../../../shaders/norm/combine_moments.wgsl';
import groupNormGradientSource from '../../../shaders/norm/group_norm_gradient.wgsl';
import groupStatisticsSource from '../../../shaders/norm/group_statistics.wgsl';
import normalizeSource from '../../../shaders/norm/normalize.wgsl';
import normalizeSumsSource from '../../../shaders/norm/normalize_sums.wgsl';
import type { Activation } from '../../model/spec.js';
import { ACTIVATION_COSTS, activationCode } from '../activation.js';
import { columnConstants, columnGrid, stripGrid, stripRows } from '../column-blocks.js';
import { ceilDiv, checkGrid, type Kernel } from '../kernel.js';

/** A feature map [rows, columns] of `area` rows an example. */
export interface MapShape {
  rows: number;
  columns: number;
  area: number;
}

/** Of `part` rows at a time. */
type Parts = { part: number };

/** What is normalised together: the batch's columns or, in each example, `groups` groups of columns. */
export type NormalizedShape = MapShape & { groups: 'batch' | number; activation: Activation };

/** x - mean, its square, and their sums. */
const MOMENT_FLOPS = 4;
/** x - mean, times the inverse. */
const NORMAL_FLOPS = 2;

export const batchStatistics: Kernel<MapShape> = {
  name: 'batch_statistics',
  sources: [batchStatisticsSource],
  bindings: { x: 'read', progress: 'uniform', statistics: 'write', running: 'read_write' },
  constants: ({ columns }) => columnConstants(columns),
  sizes: ({ columns, area }) => ({ columns, area }),
  grid: ({ columns }) => columnGrid(columns),
  flops: ({ rows, columns }) => MOMENT_FLOPS * rows * columns,
};

export const batchMoments: Kernel<MapShape & Parts> = {
  name: 'batch_moments',
  sources: [batchMomentsSource],
  bindings: { x: 'read', progress: 'uniform', parts: 'write' },
  constants: ({ columns }) => columnConstants(columns),
  sizes: ({ columns, area, part }) => ({ columns, area, part }),
  grid: ({ rows, columns, part }) => columnGrid(columns, ceilDiv(rows, part)),
  flops: ({ rows, columns }) => MOMENT_FLOPS * rows * columns,
};

export const combineMoments: Kernel<MapShape & Parts> = {
  name: 'combine_moments',
  sources: [combineMomentsSource],
  bindings: { parts: 'read', progress: 'uniform', statistics: 'write', running: 'read_write' },
  constants: ({ columns }) => columnConstants(columns),
  sizes: ({ rows, columns, area, part }) => ({ columns, area, part, parts: ceilDiv(rows, part) }),
  grid: ({ columns }) => columnGrid(columns),
  // *, + for the mean; -, *, *, +, + for the squares.
  flops: ({ rows, columns, part }) => 7 * ceilDiv(rows, part) * columns,
};

/** How many means there are. */
export const statisticsOf = ({ rows, columns, area, groups }: Omit<NormalizedShape, 'activation'>): number =>
  groups === 'batch' ? columns : (rows / area) * groups;

/** What shaders/lib/norm/normalize.wgsl asks for. */
function normalSizes(shape: Omit<NormalizedShape, 'activation'>) {
  const { rows, columns, area, groups } = shape;
  const batch = groups === 'batch';
  return {
    columns,
    statistic_rows: batch ? rows : area,
    groups: batch ? columns : groups,
    group_columns: batch ? 1 : columns / groups,
    statistics: statisticsOf(shape),
  };
}

const normalConstants = ({ groups, activation }: Pick<NormalizedShape, 'groups' | 'activation'>) => ({
  ACTIVATION: activationCode(activation),
  OF_BATCH: Number(groups === 'batch'),
});
const stripConstants = (shape: NormalizedShape) => ({ ...columnConstants(shape.columns), ...normalConstants(shape) });
const stripSizes = ({ rows, columns }: MapShape) => ({ rows, part: stripRows(rows, columns) });
/** What is before the activation once more, and through it. */
const backFlops = (activation: Activation) =>
  activation === 'identity' ? 0 : 2 + ACTIVATION_COSTS[activation].forward + ACTIVATION_COSTS[activation].gradient;

export const normalize: Kernel<NormalizedShape> = {
  name: 'normalize',
  sources: [normalizeSource],
  bindings: { x: 'read', statistics: 'read', affine: 'read', y: 'write' },
  stores: { binding: 'y', width: 1 },
  constants: stripConstants,
  sizes: (shape) => ({ ...stripSizes(shape), ...normalSizes(shape) }),
  grid: ({ rows, columns }) => stripGrid(rows, columns),
  flops: ({ rows, columns, activation }) => (NORMAL_FLOPS + 2 + ACTIVATION_COSTS[activation].forward) * rows * columns,
};

/** sums [parts, 2 columns] */
export const normalizeSums: Kernel<NormalizedShape & Parts> = {
  name: 'normalize_sums',
  sources: [normalizeSumsSource],
  bindings: { dy: 'read', x: 'read', statistics: 'read', affine: 'read', progress: 'uniform', sums: 'write' },
  constants: (shape) => ({ ...columnConstants(shape.columns), ...normalConstants(shape) }),
  sizes: (shape) => ({ ...normalSizes(shape), area: shape.area, part: shape.part }),
  grid: ({ rows, columns, part }) => columnGrid(columns, ceilDiv(rows, part)),
  flops: ({ rows, columns, activation }) => (NORMAL_FLOPS + 3 + backFlops(activation)) * rows * columns,
};

export const batchNormGradient: Kernel<NormalizedShape> = {
  name: 'batch_norm_gradient',
  sources: [batchNormGradientSource],
  bindings: {
    dy: 'read',
    x: 'read',
    statistics: 'read',
    affine: 'read',
    sums: 'read',
    progress: 'uniform',
    dx: 'write',
  },
  stores: { binding: 'dx', width: 1 },
  constants: stripConstants,
  sizes: (shape) => ({ ...stripSizes(shape), ...normalSizes(shape), area: shape.area }),
  grid: ({ rows, columns }) => stripGrid(rows, columns),
  // The mean: *, +, /; then -, *, *.
  flops: ({ rows, columns, activation }) => (NORMAL_FLOPS + 6 + backFlops(activation)) * rows * columns,
};

/** Of a shape whose groups are counted. */
type GroupShape = MapShape & { groups: number };

/** Lanes that share a group: an example may be one. */
const GROUP_WORKGROUP = 256;
const groupGrid = ({ rows, area, groups }: GroupShape) =>
  checkGrid([groups, rows / area, 1], `${rows / area} examples of ${groups} groups`);

export const groupStatistics: Kernel<GroupShape> = {
  name: 'group_statistics',
  sources: [groupStatisticsSource],
  bindings: { x: 'read', statistics: 'write' },
  constants: () => ({ WORKGROUP: GROUP_WORKGROUP }),
  sizes: normalSizes,
  grid: groupGrid,
  flops: ({ rows, columns }) => MOMENT_FLOPS * rows * columns,
};

export const groupNormGradient: Kernel<GroupShape & { activation: Activation }> = {
  name: 'group_norm_gradient',
  sources: [groupNormGradientSource],
  bindings: { dy: 'read', x: 'read', statistics: 'read', affine: 'read', dx: 'write' },
  stores: { binding: 'dx', width: 1 },
  constants: (shape) => ({ WORKGROUP: GROUP_WORKGROUP, ...normalConstants(shape) }),
  sizes: normalSizes,
  grid: groupGrid,
  // Once for the sums, *, *, +, +, and once more for dx: *, +, /, -, *, and the weight.
  flops: ({ rows, columns, activation }) => (2 * (NORMAL_FLOPS + backFlops(activation)) + 10) * rows * columns,
};
