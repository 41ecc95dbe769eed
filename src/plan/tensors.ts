// Which tensor holds which node: parameters and their gradients lie in the flat buffers, losses in rows of one buffer,
// everything else in scratch memory that plan/memory.ts packs.
import { GraphError } from '../errors.js';
import type { Node, Shape } from '../graph/operations/ops.js';
import type { ExampleType } from '../kernels/gather.js';
import { bytesOf, F32_BYTES, f32Bytes } from '../kernels/kernel.js';
import type { NumberType } from '../kernels/stored.js';
import type { LossTerm } from '../model/spec.js';
import { alignUp, halfSegments, type Layout, type LayoutEntry } from './layout.js';
import type { Place, Resource, Tensor } from './plan.js';

/** Some of the dataset's images, in a buffer of their own. */
export interface ImagePart {
  first: number;
  count: number;
  /** Of all images' bytes. */
  offset: number;
  /** Padded to whole words. */
  bytes: number;
}

/** How large the trainer's side of the memory is. */
export interface Sizes {
  layout: Layout;
  /** Rows of a batch. */
  rows: number;
  /** Bytes of the resident examples, padded to whole words. */
  imageBytes: number;
  /** What their numbers are; u8 if absent. */
  exampleType?: ExampleType;
  /** Where one buffer cannot hold them; a dispatch each. */
  imageParts?: readonly ImagePart[];
  /** Bytes of their labels, padded to whole words; for conditional models. */
  labelBytes?: number;
  /** Entries of the metrics ring. */
  metricsCapacity: number;
}

/** What a plan has as f16. */
export interface Halves {
  /** Of the nodes that lie in scratch memory. */
  nodes: ReadonlySet<Node>;
  /** Whether copies of the parameters outlive the step (resource `halves`); else they are made in each. */
  kept: boolean;
}

/** The resources that are laid out alike. */
export type FlatBuffer = 'parameters' | 'gradients' | 'moment1' | 'moment2';

/** Bytes of the structs in shaders/lib/step/step.wgsl. */
export const SETTINGS_BYTES = 104;
export const COUNTERS_BYTES = 24;
export const PROGRESS_BYTES = 28;

/** Numbers of a step in the metrics ring: a sum for each term of the loss, and how many losses were not finite. */
export const metricsColumns = (terms: number): number => terms + 1;

export class TensorTable {
  private readonly placed = new Map<Node, Tensor>();
  private readonly lossTerms: { tensor: Tensor; parts: number | 'rows' }[] = [];
  private slots = 0;
  /** Parameters as matmuls read them, where that is not as they are. */
  readonly halves = new Map<Node, Tensor>();

  /** @param half undefined: nothing is f16, and matmuls read parameters as they are */
  constructor(
    private readonly sizes: Sizes,
    private readonly half?: Halves,
  ) {}

  /** The node's tensor; scratch memory of its own unless it was placed before. */
  of(node: Node): Tensor {
    const known = this.placed.get(node);
    if (known) return known;
    const [before] = node.inputs;
    if (node.operation.op === 'reshape' && before) return { ...this.of(before), shape: node.shape };
    const type = this.half?.nodes.has(node) ? 'f16' : 'f32';
    const tensor = this.scratch(`${node.label}.${node.operation.op}`, node.shape, type);
    this.placed.set(node, tensor);
    return tensor;
  }

  /** The node's tensor as a matmul reads it. */
  operand(node: Node): Tensor {
    if (!this.half || node.operation.op !== 'parameter') return this.of(node);
    const known = this.halves.get(node);
    if (known) return known;
    const tensor = this.half.kept ? this.kept(node) : this.scratch(`${node.label} as f16`, node.shape, 'f16');
    this.halves.set(node, tensor);
    return tensor;
  }

  /** A parameter in the copy that outlives the step. */
  private kept(node: Node): Tensor {
    const { offset, segment } = this.entry(node);
    const { segments } = this.sizes.layout;
    const [whole, half] = [segments[segment], halfSegments(this.sizes.layout)[segment]];
    if (!whole || !half) throw new GraphError(`parameter "${node.label}" has no layer in the layout`);
    const place = {
      kind: 'resource',
      resource: 'halves',
      offset: half.offset + (offset - whole.offset) / 2,
      segment,
    } as const;
    const bytes = bytesOf(node.shape, 'f16');
    return { name: `${node.label} as f16`, shape: node.shape, bytes, type: 'f16', place };
  }

  /** Of a layer that matmuls read as f16 and whose copy outlives the step: all of it, as `span` has its parameters. */
  keptSpan(first: Node, last: Node): Tensor | undefined {
    if (!this.half?.kept || !this.halves.has(first)) return undefined;
    const { shape } = this.span('parameters', first, last);
    return { ...this.kept(first), shape, bytes: bytesOf(shape, 'f16') };
  }

  /** A tensor that no node stands for. */
  scratch(name: string, shape: Shape, type: NumberType = 'f32'): Tensor {
    const place = { kind: 'scratch', slot: this.slots++ } as const;
    return { name, shape, bytes: bytesOf(shape, type), ...(type === 'f16' && { type }), place };
  }

  placeParameter(node: Node): void {
    this.placed.set(node, this.flat('parameters', node));
  }

  placeGradient(gradient: Node, parameter: Node): void {
    this.placed.set(reshaped(gradient), this.flat('gradients', parameter));
  }

  /** A term of the loss, a number a row; where it lies is known when all terms are (`placeLosses`). */
  addLoss(node: Node, term: LossTerm): void {
    const tensor = resource('losses', `loss.${term}`, node.shape);
    this.placed.set(node, tensor);
    this.lossTerms.push({ tensor, parts: 'rows' });
  }

  isLoss(node: Node): boolean {
    return this.lossTerms.some(({ tensor }) => tensor === this.placed.get(node));
  }

  /** The term of the loss as so many numbers that add up to it over the live rows. */
  lossParts(node: Node, parts: number): Tensor {
    const term = this.lossTerms.find(({ tensor }) => tensor === this.placed.get(node));
    if (!term) throw new GraphError(`"${node.label}" is not a term of the loss`);
    term.parts = parts;
    return Object.assign(term.tensor, { shape: [parts], bytes: f32Bytes([parts]) });
  }

  /** Gives every term its place. @returns numbers from one term to the next, and how many parts each has */
  placeLosses(): { stride: number; parts: (number | 'rows')[] } {
    const bytes = alignUp(Math.max(0, ...this.lossTerms.map(({ tensor }) => tensor.bytes)));
    this.lossTerms.forEach(({ tensor }, index) => {
      tensor.place = { kind: 'resource', resource: 'losses', offset: index * bytes };
    });
    return { stride: bytes / F32_BYTES, parts: this.lossTerms.map(({ parts }) => parts) };
  }

  placeHost(node: Node, which: 'input' | 'output'): void {
    this.placed.set(reshaped(node), resource(which, node.label, node.shape));
  }

  /** The same parameter in any of the flat buffers. */
  flat(buffer: FlatBuffer, parameter: Node): Tensor {
    const { offset, segment } = this.entry(parameter);
    const tensor = resource(buffer, parameter.label, parameter.shape, offset);
    // All gradients are read together to be clipped; the rest is nobody's but its layer's.
    return buffer === 'gradients' ? tensor : { ...tensor, place: { ...tensor.place, segment } as Place };
  }

  private entry({ label }: Node): LayoutEntry {
    const entry = this.sizes.layout.entries.find(({ parameter }) => parameter.name === label);
    if (!entry) throw new GraphError(`parameter "${label}" is not in the layout`);
    return entry;
  }

  /** The same with the gap after it, which holds zeros. */
  padded(buffer: FlatBuffer, parameter: Node): Tensor {
    const tensor = this.flat(buffer, parameter);
    const bytes = alignUp(tensor.bytes);
    return { ...tensor, shape: [bytes / F32_BYTES], bytes };
  }

  /** From the first number of one parameter to the last of another, the gap after it included. */
  span(buffer: FlatBuffer, first: Node, last: Node): Tensor {
    const tensor = this.flat(buffer, first);
    const bytes = this.distance(first, last) * F32_BYTES + this.padded(buffer, last).bytes;
    return { ...tensor, shape: [bytes / F32_BYTES], bytes };
  }

  /** Numbers from the beginning of one parameter to that of another. */
  distance(from: Node, to: Node): number {
    return (this.entry(to).offset - this.entry(from).offset) / F32_BYTES;
  }

  /** Whether a parameter is the next after another, of the same layer. */
  follows(parameter: Node, before: Node): boolean {
    const [one, other] = [this.entry(before), this.entry(parameter)];
    return one.segment === other.segment && other.offset - one.offset === alignUp(one.bytes);
  }

  /** The parameters by layers. */
  layers(parameters: readonly Node[]): Node[][] {
    const bySegment = new Map<number, Node[]>();
    for (const parameter of parameters) {
      const { segment } = this.entry(parameter);
      bySegment.set(segment, [...(bySegment.get(segment) ?? []), parameter]);
    }
    return [...bySegment.values()];
  }

  /** A whole flat buffer, gaps included. */
  whole(buffer: FlatBuffer): Tensor {
    return resource(buffer, buffer, [this.sizes.layout.bytes / F32_BYTES]);
  }

  /** The structs of shaders/lib/step/step.wgsl, by binding name. */
  stepState(): { settings: Tensor; progress: Tensor } {
    return {
      ...this.settings(),
      progress: resource('progress', 'progress', [PROGRESS_BYTES / F32_BYTES]),
    };
  }

  settings(): { settings: Tensor } {
    return { settings: resource('settings', 'settings', [SETTINGS_BYTES / F32_BYTES]) };
  }

  counters(): { counters: Tensor } {
    return { counters: resource('counters', 'counters', [COUNTERS_BYTES / F32_BYTES]) };
  }

  get exampleType(): ExampleType {
    return this.sizes.exampleType ?? 'u8';
  }

  /** The resident images, and which of them each tensor has if it has not all. */
  images(): { images: Tensor; part?: { first: number; count: number; of: number } }[] {
    const { imageBytes, imageParts = [] } = this.sizes;
    if (imageParts.length < 2) return [{ images: resource('images', 'images', [imageBytes / F32_BYTES]) }];
    const of = imageParts.reduce((sum, { count }) => sum + count, 0);
    return imageParts.map(({ first, count, offset, bytes }, segment) => ({
      images: {
        ...resource('images', 'images', [bytes / F32_BYTES]),
        place: { kind: 'resource', resource: 'images', offset, segment },
      },
      part: { first, count, of },
    }));
  }

  labels(): Tensor {
    return resource('labels', 'labels', [(this.sizes.labelBytes ?? 0) / F32_BYTES]);
  }

  losses(terms: number, stride: number): Tensor {
    return resource('losses', 'losses', [terms, stride]);
  }

  metrics(terms: number): Tensor {
    return resource('metrics', 'metrics', [this.sizes.metricsCapacity, metricsColumns(terms)]);
  }
}

/** What a reshape is of: it lies where that lies. */
function reshaped(node: Node): Node {
  const [before] = node.inputs;
  return node.operation.op === 'reshape' && before ? reshaped(before) : node;
}

function resource(which: Resource, name: string, shape: Shape, offset = 0): Tensor {
  return { name, shape, bytes: f32Bytes(shape), place: { kind: 'resource', resource: which, offset } };
}
