// Layers appended to a graph, with the parameters that they have.
import { GraphError } from '../errors.js';
import { isMap, type Place, sizeOfPlace } from '../model/places.js';
import { Graph } from './graph.js';
import type { Layer, NormLayer, ParameterSpec, PlainLayer, ResidualLayer, SumLayer } from './layers.js';
import { type Node, numel, type Operation } from './operations/ops.js';

function productOf({ kind, convolution }: SumLayer): Operation {
  if (convolution) return { op: kind === 'conv' ? 'conv2d' : 'conv_transpose2d', convolution };
  return { op: 'matmul', transposeA: false, transposeB: true };
}

export class LayerBuilder {
  readonly graph = new Graph();
  readonly parameters: Node[] = [];
  /** Rows that an example has, or its feature map: samples of the code, in the decoder of a model that draws several. */
  protected samples = 1;
  /** Numbers those there are so far: each draws noise of its own. */
  private dropouts = 0;

  /** @param training whether batches have statistics of their own, and numbers are dropped */
  constructor(protected readonly training: boolean) {}

  protected parameter({ name, shape, init, parts, order, trained }: ParameterSpec): Node {
    const operation = { op: 'parameter', name, init, parts, ...(order && { order }) } as const;
    const node = this.graph.append(operation, [], name, shape);
    if (trained !== false) this.parameters.push(node);
    return node;
  }

  /** The layer's products and its bias, without the activation. */
  protected sum(x: Node, layer: SumLayer): Node {
    const { append } = this.graph;
    const product = append(productOf(layer), [x, this.parameter(layer.weight)], layer.label);
    if (!layer.bias) return product;
    return append({ op: 'add_bias' }, [product, this.parameter(layer.bias)], layer.label);
  }

  private norm(x: Node, { label, spec, from, affine, running }: NormLayer): Node {
    const { append } = this.graph;
    const area = isMap(from) ? from.height * from.width : 1;
    const pair = this.parameter(affine);
    if (!running) {
      const groups = spec.groups ?? 1;
      const statistics = append({ op: 'group_statistics', area, groups }, [x], label);
      return append({ op: 'group_norm', area, groups }, [x, statistics, pair], label);
    }
    const kept = this.parameter(running);
    const places = { area: area * this.samples };
    const statistics = this.training ? append({ op: 'batch_statistics', ...places }, [x, kept], label) : kept;
    return append({ op: 'batch_norm' }, [x, statistics, pair], label);
  }

  private plain(x: Node, { label, spec, from }: PlainLayer): Node {
    const { append } = this.graph;
    if (spec.kind === 'dropout') {
      const { probability } = spec;
      return this.training ? append({ op: 'dropout', probability, layer: this.dropouts++ }, [x], label) : x;
    }
    if (!isMap(from)) throw new GraphError(`layer "${label}" needs a feature map`);
    const { height, width } = from;
    if (spec.kind === 'upsample') {
      const { factor, mode = 'nearest' } = spec;
      return append({ op: 'upsample', scale: { mode, factor, height, width } }, [x], label);
    }
    if (spec.kind !== 'maxPool' && spec.kind !== 'avgPool') throw new GraphError(`layer "${label}" is no pool`);
    const { kernel, stride = kernel, padding = 0 } = spec;
    const op = spec.kind === 'maxPool' ? 'max_pool2d' : 'avg_pool2d';
    return append({ op, window: { height, width, kernel, stride, padding } }, [x], label);
  }

  protected activate(x: Node, { label, activation }: SumLayer | NormLayer | ResidualLayer): Node {
    return activation === 'identity' ? x : this.graph.append({ op: 'activation', activation }, [x], label);
  }

  /** @param labels [rows, classes], which join where a feature map is flattened */
  protected layer(x: Node, layer: Layer, labels: Node | null = null): Node {
    switch (layer.kind) {
      case 'flatten': {
        const flat = this.rowEach(x, sizeOfPlace(layer.from), layer.label);
        return this.conditioned(flat, labels, layer.label);
      }
      case 'reshape':
        return this.placeEach(x, layer.to, layer.label);
      case 'norm':
        return this.activate(this.norm(x, layer), layer);
      case 'dropout':
      case 'pool':
        return this.plain(x, layer);
      case 'residual':
        return this.activate(this.graph.append({ op: 'add' }, [x, this.chain(x, layer.layers)], layer.label), layer);
      default:
        return this.activate(this.sum(x, layer), layer);
    }
  }

  protected chain(x: Node, layers: readonly Layer[], labels: Node | null = null): Node {
    return layers.reduce((value, layer) => this.layer(value, layer, labels), x);
  }

  /** A feature map as [rows, numbers of an example]; what is so already stays as it is. */
  protected rowEach(x: Node, numbers: number, label: string): Node {
    if (x.shape[1] === numbers) return x;
    return this.graph.append({ op: 'reshape', shape: [numel(x.shape) / numbers, numbers] }, [x], label);
  }

  /** The reverse: a row a place. */
  protected placeEach(x: Node, map: Place, label: string): Node {
    const columns = isMap(map) ? map.channels : map.units;
    if (x.shape[1] === columns) return x;
    return this.graph.append({ op: 'reshape', shape: [numel(x.shape) / columns, columns] }, [x], label);
  }

  /** Appends the labels of a conditional model to `x`. */
  protected conditioned(x: Node, labels: Node | null, label: string): Node {
    return labels ? this.graph.append({ op: 'concat' }, [x, labels], label) : x;
  }
}
