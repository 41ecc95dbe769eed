// What the interpreter of graphs (interpret.ts) is given, and what the meaning of an operation is to it.
import type { CheckedExamples } from '../../../src/data/examples.js';
import type { Node, Operation, OpName } from '../../../src/graph/operations/ops.js';
import type { LossTerm } from '../../../src/model/spec.js';

/** Everything that a graph takes from outside. */
export interface Leaves {
  /** Values by the names of the parameters' parts ("mu.weight"), row-major, in PyTorch's order. */
  parameters: ReadonlyMap<string, ArrayLike<number>>;
  /** Values by the names of the inputs, row-major. */
  inputs?: ReadonlyMap<string, ArrayLike<number>>;
  /** For graphs that draw noise or take images. */
  step?: StepLeaves;
}

/** One step of training or evaluation. */
export interface StepLeaves {
  seed: number;
  /** From 0, over the whole run. */
  step: number;
  /** From 0. */
  epoch: number;
  /** Position in the epoch of the batch's first row. */
  start: number;
  /** Rows of the batch that hold an image. */
  rows: number;
  images: CheckedExamples;
  /** Of the terms of the loss. */
  weights: ReadonlyMap<LossTerm, number>;
  /** How much one image counts in the gradients; 1 if absent. */
  rowScale?: number;
}

export type Values = Float64Array;

export interface Call {
  node: Node;
  /** Values of the inputs. */
  x: Values[];
  leaves: Leaves;
}

export type Rule<Name extends OpName> = (call: Call, operation: Extract<Operation, { op: Name }>) => Values;
