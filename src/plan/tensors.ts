// Which tensor holds which node: parameters and their gradients lie in the flat buffers, losses in rows of one buffer,
// everything else in scratch memory that plan/memory.ts packs.
import { GraphError } from '../errors.js';
import { type Node, numel, type Shape } from '../graph/ops.js';
import { F32_BYTES, f32Bytes } from '../kernels/kernel.js';
import type { LossTerm } from '../model/spec.js';
import { alignUp, type Layout } from './layout.js';
import type { Resource, Tensor } from './plan.js';

/** How large the trainer's side of the memory is. */
export interface Sizes {
  layout: Layout;
  /** Rows of a batch. */
  rows: number;
  /** Bytes of the resident images, padded to whole words. */
  imageBytes: number;
  /** Bytes of their labels, padded to whole words; for conditional models. */
  labelBytes?: number;
  /** Entries of the metrics ring. */
  metricsCapacity: number;
}

/** The resources that are laid out alike. */
export type FlatBuffer = 'parameters' | 'gradients' | 'moment1' | 'moment2';

/** Bytes of the two structs in shaders/lib/step.wgsl. */
export const SETTINGS_BYTES = 104;
export const PROGRESS_BYTES = 28;

/** Floats from one term's rows to the next in the losses buffer: bindings start on aligned bytes. */
export const lossRowStride = (rows: number): number => alignUp(rows * F32_BYTES) / F32_BYTES;

/** Numbers of a step in the metrics ring: a sum for each term of the loss, and how many losses were not finite. */
export const metricsColumns = (terms: number): number => terms + 1;

export class TensorTable {
  private readonly placed = new Map<Node, Tensor>();
  private slots = 0;

  constructor(private readonly sizes: Sizes) {}

  /** The node's tensor; scratch memory of its own unless it was placed before. */
  of(node: Node): Tensor {
    const known = this.placed.get(node);
    if (known) return known;
    const tensor = this.scratch(`${node.label}.${node.operation.op}`, node.shape);
    this.placed.set(node, tensor);
    return tensor;
  }

  /** A tensor that no node stands for. */
  scratch(name: string, shape: Shape): Tensor {
    return { name, shape, bytes: f32Bytes(shape), place: { kind: 'scratch', slot: this.slots++ } };
  }

  placeParameter(node: Node): void {
    this.placed.set(node, this.flat('parameters', node));
  }

  placeGradient(gradient: Node, parameter: Node): void {
    this.placed.set(gradient, this.flat('gradients', parameter));
  }

  /** The rows of term number `index` of the loss. */
  placeLoss(node: Node, term: LossTerm, index: number): void {
    const offset = index * lossRowStride(numel(node.shape)) * F32_BYTES;
    this.placed.set(node, resource('losses', `loss.${term}`, node.shape, offset));
  }

  placeHost(node: Node, which: 'input' | 'output'): void {
    this.placed.set(node, resource(which, node.label, node.shape));
  }

  /** The same parameter in any of the flat buffers. */
  flat(buffer: FlatBuffer, parameter: Node): Tensor {
    const entry = this.sizes.layout.entries.find((e) => e.parameter.name === parameter.label);
    if (!entry) throw new GraphError(`parameter "${parameter.label}" is not in the layout`);
    return resource(buffer, parameter.label, parameter.shape, entry.offset);
  }

  /** The same with the gap after it, which holds zeros. */
  padded(buffer: FlatBuffer, parameter: Node): Tensor {
    const tensor = this.flat(buffer, parameter);
    const bytes = alignUp(tensor.bytes);
    return { ...tensor, shape: [bytes / F32_BYTES], bytes };
  }

  /** A whole flat buffer, gaps included. */
  whole(buffer: FlatBuffer): Tensor {
    return resource(buffer, buffer, [this.sizes.layout.bytes / F32_BYTES]);
  }

  /** The structs of shaders/lib/step.wgsl, by binding name. */
  stepState(): { settings: Tensor; progress: Tensor } {
    return {
      settings: resource('settings', 'settings', [SETTINGS_BYTES / F32_BYTES]),
      progress: resource('progress', 'progress', [PROGRESS_BYTES / F32_BYTES]),
    };
  }

  images(): Tensor {
    return resource('images', 'images', [this.sizes.imageBytes / F32_BYTES]);
  }

  labels(): Tensor {
    return resource('labels', 'labels', [(this.sizes.labelBytes ?? 0) / F32_BYTES]);
  }

  losses(terms: number): Tensor {
    return resource('losses', 'losses', [terms, lossRowStride(this.sizes.rows)]);
  }

  metrics(terms: number): Tensor {
    return resource('metrics', 'metrics', [this.sizes.metricsCapacity, metricsColumns(terms)]);
  }
}

function resource(which: Resource, name: string, shape: Shape, offset = 0): Tensor {
  return { name, shape, bytes: f32Bytes(shape), place: { kind: 'resource', resource: which, offset } };
}
