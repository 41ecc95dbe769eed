// The optimizers, put together from the update itself and the parts that it may have: as a pass of their own over gradients
// in memory, or as what a weight gradient's matmul ends in (kernels/matmul/epilogues.ts).
import flatSource from '../../shaders/step/optimizer.wgsl';
import adamSource from '../../shaders/step/optimizers/adam.wgsl';
import asHalfSource from '../../shaders/step/optimizers/as_half.wgsl';
import clippedSource from '../../shaders/step/optimizers/clipped.wgsl';
import momentumSource from '../../shaders/step/optimizers/momentum.wgsl';
import noMomentumSource from '../../shaders/step/optimizers/no_momentum.wgsl';
import notAsHalfSource from '../../shaders/step/optimizers/not_as_half.wgsl';
import rmspropSource from '../../shaders/step/optimizers/rmsprop.wgsl';
import scaledSource from '../../shaders/step/optimizers/scaled.wgsl';
import sgdSource from '../../shaders/step/optimizers/sgd.wgsl';
import unclippedSource from '../../shaders/step/optimizers/unclipped.wgsl';
import { ArgumentError } from '../errors.js';
import type { Optimizer, OptimizerKind } from '../model/optimizer.js';
import { type Access, bindingNumbers, type Constants, type Kernel, linearGrid } from './kernel.js';
import type { ShaderSource } from './shader.js';

const OPTIMIZER_WORKGROUP = 256;
export const LANE_NUMBERS = 4;

/** What of an optimizer decides which kernel it is; its numbers are data. */
export interface OptimizerForm {
  kind: OptimizerKind;
  momentum: boolean;
  nesterov: boolean;
  weightDecay: boolean;
  /** Whether gradients are clipped by their norm (kernels/clip.ts). */
  clip: boolean;
  /** Whether gradients are those of a scaled loss, because f16 holds them on their way; clipping is then part of undoing it. */
  scaled?: boolean;
  /** Whether a copy of the numbers is written as f16, for matmuls to read; only of the pass over gradients in memory. */
  copies?: boolean;
}

export const formOf = (optimizer: Optimizer, clip: boolean): OptimizerForm => ({
  kind: optimizer.kind,
  momentum: 'momentum' in optimizer && optimizer.momentum > 0,
  nesterov: 'nesterov' in optimizer && optimizer.nesterov,
  weightDecay: optimizer.weightDecay > 0,
  clip,
});

/**
 * What an optimizer keeps from step to step, each laid out like the parameters. moment1: Adam's mean of the gradients, or
 * the buffer of momentum. moment2: the mean of their squares.
 */
export type StateBuffer = 'moment1' | 'moment2';

export const stateBuffers = ({ kind, momentum }: OptimizerForm): StateBuffer[] => [
  ...(isAdam(kind) || momentum ? ['moment1' as const] : []),
  ...(kind === 'sgd' ? [] : ['moment2' as const]),
];

const isAdam = (kind: OptimizerKind) => kind === 'adam' || kind === 'adamw';

/** WEIGHT_DECAY_* in shaders/lib/step/optimizer.wgsl. */
const decayCode = ({ kind, weightDecay }: OptimizerForm) => (weightDecay ? (kind === 'adamw' ? 2 : 1) : 0);

/** Floating point operations a number, without parts. */
const FLOPS: Record<OptimizerKind, number> = { adam: 13, adamw: 13, sgd: 2, rmsprop: 9 };

const SOURCES: Record<OptimizerKind, ShaderSource> = {
  adam: adamSource,
  adamw: adamSource,
  sgd: sgdSource,
  rmsprop: rmspropSource,
};

/** What an update consists of, whatever hands it its gradients. */
export interface Update {
  name: string;
  /** To be appended to a source that includes lib/step/optimizer.wgsl. */
  sources: ShaderSource[];
  bindings: Record<string, Access>;
  /** Values for the module's `override`s. */
  constants: Constants;
  /** Floating point operations a number. */
  flops: number;
}

export function updateOf(form: OptimizerForm): Update {
  const { kind, momentum, nesterov, weightDecay, clip, scaled } = form;
  const velocity = isAdam(kind) ? [] : [momentum ? momentumSource : noMomentumSource];
  return {
    name: [kind, ...(momentum ? ['momentum'] : []), ...(scaled ? ['unscale'] : []), ...(clip ? ['clip'] : [])].join(
      '+',
    ),
    sources: [SOURCES[kind], ...velocity, scaled ? scaledSource : clip ? clippedSource : unclippedSource],
    bindings: {
      settings: 'uniform',
      progress: 'uniform',
      w: 'read_write',
      ...(isAdam(kind) && { m: 'read_write' }),
      ...(kind !== 'sgd' && { v: 'read_write' }),
      ...(momentum && { m: 'read_write' }),
      ...(scaled ? { scaling: 'read' } : clip && { clip: 'read' }),
    },
    constants: { WEIGHT_DECAY: decayCode(form), ...(momentum && { NESTEROV: Number(nesterov) }) },
    flops:
      FLOPS[kind] + (weightDecay ? 2 : 0) + (momentum ? 2 : 0) + (nesterov ? 2 : 0) + Number(clip || scaled === true),
  };
}

/** `count` is a multiple of 4: the flat buffers' alignment sees to that (plan/layout.ts). */
export function optimizer(form: OptimizerForm): Kernel<{ count: number }> {
  const { name: update, sources, bindings: own, constants, flops } = updateOf(form);
  const { copies } = form;
  const name = copies ? `${update}+to_half` : update;
  const bindings: Record<string, Access> = { gradient: 'read', ...own, ...(copies && { half: 'read_write' }) };
  return {
    name,
    sources: [flatSource, ...sources, copies ? asHalfSource : notAsHalfSource],
    bindings,
    ...(copies && { stores: { binding: 'half', width: LANE_NUMBERS } }),
    header: bindingNumbers(bindings),
    constants: () => ({ WORKGROUP: OPTIMIZER_WORKGROUP, ...constants }),
    sizes: ({ count }) => ({ quads: checkQuads(name, count) }),
    grid: ({ count }) => linearGrid(count / LANE_NUMBERS, OPTIMIZER_WORKGROUP),
    flops: ({ count }) => flops * count,
  };
}

/** Quads in `count` numbers, which must be whole. */
export function checkQuads(name: string, count: number): number {
  if (count % LANE_NUMBERS !== 0)
    throw new ArgumentError(
      `${name}: ${count} numbers, must be a multiple of ${LANE_NUMBERS}; include the tensor's padding`,
    );
  return count / LANE_NUMBERS;
}
