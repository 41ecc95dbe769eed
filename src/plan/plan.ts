// The plan: what one step, one evaluation or one pass through half a model is to the GPU. Plain data, no GPU object in
// it: a list of dispatches in order, and the memory that they use.

import type { Shape } from '../graph/operations/ops.js';
import type { Access, Constants, Grid } from '../kernels/kernel.js';
import type { ShaderSource } from '../kernels/shader.js';
import type { NumberType } from '../kernels/stored.js';
import type { LossTerm } from '../model/spec.js';

/**
 * Memory that outlives a dispatch and has an owner outside the plan.
 * parameters, gradients, moment1, moment2 (kernels/optimizer.ts): flat f32, laid out alike (plan/layout.ts); but for
 * the gradients in a buffer a layer.
 * halves: f16, a copy of the parameters that matmuls read, in a buffer a layer (halfSegments of plan/layout.ts).
 * losses: [terms, stride]. metrics: ring of [terms + 1]. settings, counters, progress: shaders/lib/step/step.wgsl. images,
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
  | {
      /** Memory with an owner outside the plan. */
      kind: 'resource';
      /** Which. */
      resource: Resource;
      /** In bytes. */
      offset: number;
      /** Of its buffers, from 0. */
      segment?: number;
    }
  | {
      /** The plan's own memory. */
      kind: 'scratch';
      /** Index into the plan's `scratch`. */
      slot: number;
    };

/** A tensor of the plan, on the device. */
export interface Tensor {
  /** For people. */
  name: string;
  /** Sizes, slowest axis first. */
  shape: Shape;
  /** Its size in memory. */
  bytes: number;
  /** What its numbers are in memory; f32 if absent. */
  type?: NumberType;
  /** Where it lies. */
  place: Place;
}

/** A tensor that a dispatch binds. */
export interface Binding {
  /** Of the variable in WGSL. */
  name: string;
  /** How the dispatch uses it. */
  access: Access;
  /** What is bound. */
  tensor: Tensor;
}

/** One kernel launch of a plan, as data. */
export interface Dispatch {
  /** Which layer it belongs to: "encoder.0". */
  label: string;
  /** Name of the kernel: "matmul_tiled+adam". */
  kernel: string;
  /** Of a matmul: its variant as kernels/matmul/candidates.ts writes it. */
  variant?: string;
  /** Parts of its WGSL module. */
  sources: ShaderSource[];
  /** WGSL extensions that it needs. */
  enables: string[];
  /** `const NAME: u32 = value;` lines before the sources. */
  header: Constants;
  /** `alias NAME = TYPE;` lines before the sources: what the tensors' numbers are in memory. */
  aliases?: Record<string, string>;
  /** Values of the module's `override`s. */
  constants: Constants;
  /** Values of the members of `sizes` (u32). */
  sizes: Constants;
  /** Those of one name write what they write together, none what another does; or the same. */
  together?: string;
  /** In binding order. */
  bindings: Binding[];
  /** Workgroups. */
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
  /** Which. */
  term: LossTerm;
  /** Full, while a KL term warms up, too. */
  weight: number;
}

/** All dispatches of a step, in order, and the memory that they need. */
export interface Plan {
  /** For people: "training step". */
  name: string;
  /** In the order in which they run. */
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
