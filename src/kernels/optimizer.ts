// The optimizers: one pass over every parameter, put together from the update itself and the parts that it may have.
import adamSource from '../../shaders/adam.wgsl';
import clippedSource from '../../shaders/optimizers/clipped.wgsl';
import momentumSource from '../../shaders/optimizers/momentum.wgsl';
import noMomentumSource from '../../shaders/optimizers/no_momentum.wgsl';
import unclippedSource from '../../shaders/optimizers/unclipped.wgsl';
import rmspropSource from '../../shaders/rmsprop.wgsl';
import sgdSource from '../../shaders/sgd.wgsl';
import { ArgumentError } from '../errors.js';
import type { Optimizer, OptimizerKind } from '../model/optimizer.js';
import { type Access, type Kernel, linearGrid } from './kernel.js';
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

/** WEIGHT_DECAY_* in shaders/lib/optimizer.wgsl. */
const decayCode = ({ kind, weightDecay }: OptimizerForm) => (weightDecay ? (kind === 'adamw' ? 2 : 1) : 0);

/** Floating point operations a number, without parts. */
const FLOPS: Record<OptimizerKind, number> = { adam: 13, adamw: 13, sgd: 2, rmsprop: 9 };

/** `count` is a multiple of 4: the flat buffers' alignment sees to that (plan/layout.ts). */
export function optimizer(form: OptimizerForm): Kernel<{ count: number }> {
  const { kind, momentum, nesterov, weightDecay, clip } = form;
  const name = [kind, ...(momentum ? ['momentum'] : []), ...(clip ? ['clip'] : [])].join('+');
  const bindings = {
    gradient: 'read',
    settings: 'uniform',
    progress: 'read',
    w: 'read_write',
    ...(isAdam(kind) && { m: 'read_write' }),
    ...(kind !== 'sgd' && { v: 'read_write' }),
    ...(momentum && { m: 'read_write' }),
    ...(clip && { clip: 'read' }),
  } satisfies Record<string, Access>;
  const at = (binding: string) => Object.keys(bindings).indexOf(binding);
  const velocity: ShaderSource[] = isAdam(kind) ? [] : [momentum ? momentumSource : noMomentumSource];
  const source = isAdam(kind) ? adamSource : kind === 'sgd' ? sgdSource : rmspropSource;
  return {
    name,
    sources: [source, ...velocity, clip ? clippedSource : unclippedSource],
    bindings,
    header: { ...(momentum && { BINDING_M: at('m') }), ...(clip && { BINDING_CLIP: at('clip') }) },
    constants: ({ count }) => ({
      WORKGROUP: OPTIMIZER_WORKGROUP,
      QUADS: checkQuads(name, count),
      WEIGHT_DECAY: decayCode(form),
      ...(momentum && { NESTEROV: Number(nesterov) }),
    }),
    grid: ({ count }) => linearGrid(count / LANE_NUMBERS, OPTIMIZER_WORKGROUP),
    flops: ({ count }) =>
      (FLOPS[kind] + (weightDecay ? 2 : 0) + (momentum ? 2 : 0) + (nesterov ? 2 : 0) + Number(clip)) * count,
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
