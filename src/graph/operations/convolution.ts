// Convolutions. Rows of the operations' table (table.ts).
import { GraphError } from '../../errors.js';
import { type Convolution, type FeatureMap, showMap, sizeOfMap } from '../../model/convolution.js';
import { type OpTable, weightShape } from './ops.js';
import { at, matrix, type Shape, sameShape, showShape } from './shapes.js';

/** A feature map of so many examples. */
const mapShape = (examples: number, map: FeatureMap): Shape => [examples * map.height * map.width, map.channels];

function examplesOf(shape: Shape | undefined, map: FeatureMap, what: string): number {
  const [rows, columns] = matrix(shape, what);
  const examples = (rows * columns) / sizeOfMap(map);
  if (columns !== map.channels || !Number.isInteger(examples))
    throw new GraphError(
      `${what} is ${showShape([rows, columns])}, must be [examples x ${map.height * map.width}, ${map.channels}] (${showMap(map)})`,
    );
  return examples;
}

function requireWeight(weight: Shape | undefined, convolution: Convolution, what: string): void {
  sameShape(weight, weightShape(convolution), `${what}: weight`);
}

export const CONVOLUTIONS: Pick<OpTable, 'conv2d' | 'conv_transpose2d' | 'conv2d_weight'> = {
  conv2d: {
    shape: ([x, weight], { convolution }, label) => {
      const what = `conv2d "${label}"`;
      requireWeight(weight, convolution, what);
      return mapShape(examplesOf(x, convolution.x, `${what}: x`), convolution.y);
    },
    gradient: (node, { convolution }, dy, append) => [
      append({ op: 'conv_transpose2d', convolution }, [dy, at(node.inputs, 1)], node.label),
      append({ op: 'conv2d_weight', convolution }, [dy, at(node.inputs, 0)], node.label),
    ],
  },
  conv_transpose2d: {
    shape: ([y, weight], { convolution }, label) => {
      const what = `conv_transpose2d "${label}"`;
      requireWeight(weight, convolution, what);
      return mapShape(examplesOf(y, convolution.y, `${what}: y`), convolution.x);
    },
    gradient: (node, { convolution }, dx, append) => [
      append({ op: 'conv2d', convolution }, [dx, at(node.inputs, 1)], node.label),
      append({ op: 'conv2d_weight', convolution }, [at(node.inputs, 0), dx], node.label),
    ],
  },
  conv2d_weight: {
    shape: ([y, x], { convolution }, label) => {
      const what = `conv2d_weight "${label}"`;
      const [ys, xs] = [examplesOf(y, convolution.y, `${what}: y`), examplesOf(x, convolution.x, `${what}: x`)];
      if (ys !== xs) throw new GraphError(`${what}: y has ${ys} examples, x ${xs}: they must be as many`);
      return weightShape(convolution);
    },
  },
};
