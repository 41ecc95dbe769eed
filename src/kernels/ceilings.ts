// Kernels that do one thing as fast as the device can, for src/profile/ceilings.ts: what the hardware's limits are is
// measured with them, not looked up.
import copySource from '../../shaders/ceilings/copy.wgsl';
import dependentSource from '../../shaders/ceilings/dependent.wgsl';
import emptySource from '../../shaders/ceilings/empty.wgsl';
import fmaSource from '../../shaders/ceilings/fma.wgsl';
import readSource from '../../shaders/ceilings/read.wgsl';
import writeSource from '../../shaders/ceilings/write.wgsl';
import { checkGrid, F32_BYTES, type Kernel } from './kernel.js';

const CEILING_WORKGROUP = 256;
/** Eight chains of four multiply-adds, two operations each. */
const FLOPS_AN_ITERATION = 64;
const QUAD_BYTES = 4 * F32_BYTES;

/** `groups` workgroups; each lane does `iterations` rounds. */
export interface FmaShape {
  groups: number;
  iterations: number;
}

/** A buffer of `quads` times four f32, walked by `groups` workgroups. */
export interface BandwidthShape {
  groups: number;
  quads: number;
}

const groupsGrid = ({ groups }: { groups: number }) => checkGrid([groups, 1, 1], `${groups} workgroups`);
const bandwidthConstants = ({ quads }: BandwidthShape) => ({ WORKGROUP: CEILING_WORKGROUP, QUADS: quads });

/** Numbers in `out` of `fma` and `readBandwidth`. */
export const lanesOf = (groups: number): number => groups * CEILING_WORKGROUP;

export const fma: Kernel<FmaShape> = {
  name: 'ceiling_fma',
  sources: [fmaSource],
  bindings: { factor: 'read', out: 'write' },
  constants: ({ iterations }) => ({ WORKGROUP: CEILING_WORKGROUP, ITERATIONS: iterations }),
  grid: groupsGrid,
  flops: ({ groups, iterations }) => lanesOf(groups) * iterations * FLOPS_AN_ITERATION,
};

export const readBandwidth: Kernel<BandwidthShape> = {
  name: 'ceiling_read',
  sources: [readSource],
  bindings: { source: 'read', out: 'write' },
  constants: bandwidthConstants,
  grid: groupsGrid,
  flops: ({ quads }) => 4 * quads,
  bytes: ({ quads }) => quads * QUAD_BYTES,
};

export const writeBandwidth: Kernel<BandwidthShape> = {
  name: 'ceiling_write',
  sources: [writeSource],
  bindings: { target_buffer: 'write' },
  constants: bandwidthConstants,
  grid: groupsGrid,
  flops: () => 0,
};

export const copyBandwidth: Kernel<BandwidthShape> = {
  name: 'ceiling_copy',
  sources: [copySource],
  bindings: { source: 'read', target_buffer: 'write' },
  constants: bandwidthConstants,
  grid: groupsGrid,
  flops: () => 0,
};

export const empty: Kernel<Record<never, never>> = {
  name: 'ceiling_empty',
  sources: [emptySource],
  bindings: {},
  constants: () => ({ WORKGROUP: 1 }),
  grid: () => [1, 1, 1],
  flops: () => 0,
};

/** Reads and writes the same number each time, so that of many in a pass each waits for the one before. */
export const dependent: Kernel<Record<never, never>> = {
  name: 'ceiling_dependent',
  sources: [dependentSource],
  bindings: { out: 'read_write' },
  constants: () => ({ WORKGROUP: 1 }),
  grid: () => [1, 1, 1],
  flops: () => 1,
  bytes: () => 2 * F32_BYTES,
};
