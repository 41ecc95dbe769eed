// The plan: what one step, one evaluation or one pass through half a model is to the GPU. Plain data, no GPU object in
// it: a list of dispatches in order, and the memory that they use.

import type { Shape } from '../graph/ops.js';
import type { Access, Constants, Grid } from '../kernels/kernel.js';
import type { ShaderSource } from '../kernels/shader.js';
import type { NumberType } from '../kernels/stored.js';
import type { LossTerm } from '../model/spec.js';

/**
 * Memory that outlives a dispatch and has an owner outside the plan.
 * parameters, gradients, moment1, moment2 (kernels/optimizer.ts): flat f32, laid out alike (plan/layout.ts); but for
 * the gradients in a buffer a layer.
 * halves: f16, a copy of the parameters that matmuls read, in a buffer a layer (halfSegments of plan/layout.ts).
 * losses: [terms, stride]. metrics: ring of [terms + 1]. settings, counters, progress: shaders/lib/step.wgsl. images,
 * labels: u8.
 * input, output: the host's.
 */
export type Resource =
  | 'parameters'
  | 'gradients'
  | 'moment1'
  | 'moment2'
  | 'halves'
  | 'losses'
  | 'metrics'
  | 'settings'
  | 'counters'
  | 'progress'
  | 'images'
  | 'labels'
  | 'input'
  | 'output';

/**
 * Bytes `offset .. offset + bytes` of a resource (in its buffer number `segment`, if it has several), or a slot of the
 * plan's own scratch memory.
 */
export type Place =
  | { kind: 'resource'; resource: Resource; offset: number; segment?: number }
  | { kind: 'scratch'; slot: number };

export interface Tensor {
  name: string;
  shape: Shape;
  bytes: number;
  /** What its numbers are in memory; f32 if absent. */
  type?: NumberType;
  place: Place;
}

export interface Binding {
  name: string;
  access: Access;
  tensor: Tensor;
}

export interface Dispatch {
  /** Which layer it belongs to: "encoder.0". */
  label: string;
  kernel: string;
  /** Of a matmul: its variant as kernels/candidates.ts writes it. */
  variant?: string;
  sources: ShaderSource[];
  enables: string[];
  header: Constants;
  /** `alias NAME = TYPE;` lines before the sources: what the tensors' numbers are in memory. */
  aliases?: Record<string, string>;
  constants: Constants;
  sizes: Constants;
  /** Those of one name write what they write together, none what another does; or the same. */
  together?: string;
  /** In binding order. */
  bindings: Binding[];
  grid: Grid;
  /** Invocations a workgroup; they lie along x. */
  workgroup: number;
  /** Floating point operations. */
  flops: number;
  /** Bytes that must cross memory at least: each tensor read once, written once. */
  bytes: number;
}

/** A term of the loss with its weight in the sum that is minimised. */
export interface PlannedLoss {
  term: LossTerm;
  weight: number;
}

export interface Plan {
  name: string;
  dispatches: Dispatch[];
  /**
   * What makes copies of the parameters that the dispatches keep up to date from run to run: it must run before the first
   * one, and after anybody else has changed the parameters.
   */
  refresh?: Dispatch[];
  /** In the order in which the metrics have them; none where nothing is compared with anything. */
  losses: PlannedLoss[];
  /** Bytes of the losses' buffer. */
  lossBytes: number;
  /** Bytes of each scratch slot. */
  scratch: number[];
}

const binds = ({ dispatches }: Plan, resource: Resource, how: (access: Access) => boolean): boolean =>
  dispatches.some(({ bindings }) =>
    bindings.some(
      ({ access, tensor: { place } }) => place.kind === 'resource' && place.resource === resource && how(access),
    ),
  );

/** Whether a dispatch of the plan binds the resource. */
export const uses = (plan: Plan, resource: Resource): boolean => binds(plan, resource, () => true);

/** Whether a dispatch of the plan changes the resource in place. */
export const updates = (plan: Plan, resource: Resource): boolean =>
  binds(plan, resource, (access) => access === 'read_write');
