// The operations that make feature maps smaller and larger. Rows of the operations' table (table.ts).
import { GraphError } from '../../errors.js';
import type { MapSize, Pooling, PoolWindow, Upsampling } from './map-operations.js';
import type { Operation, OpRow } from './ops.js';
import { at, matrix, type Shape, showShape } from './shapes.js';

type Rows = { [Name in Pooling['op']]: OpRow<Extract<Operation, { op: Name }>> };

const isWhole = (value: number, least: number) => Number.isInteger(value) && value >= least;

/** @returns examples and channels of a map of `height` x `width` */
function mapOf(x: Shape | undefined, { height, width }: MapSize, what: string): { examples: number; channels: number } {
  const [rows, channels] = matrix(x, what);
  if (!isWhole(height, 1) || !isWhole(width, 1) || rows % (height * width))
    throw new GraphError(
      `${what} has ${rows} rows, must have a multiple of its height and width (${height} x ${width})`,
    );
  return { examples: rows / (height * width), channels };
}

/**
 * Height and width of what is pooled.
 * @throws GraphError, which begins with `what`, for a window that does not fit
 */
export function pooledSize({ height, width, kernel, stride, padding }: PoolWindow, what: string): MapSize {
  if (!isWhole(kernel, 1) || !isWhole(stride, 1))
    throw new GraphError(`${what}: kernel ${kernel} and stride ${stride} must be positive integers`);
  if (!isWhole(padding, 0) || padding > kernel / 2)
    throw new GraphError(
      `${what}: padding is ${padding}, must be an integer from 0 to half of the kernel (${kernel / 2})`,
    );
  const pooled = (size: number) => Math.floor((size + 2 * padding - kernel) / stride) + 1;
  if (pooled(height) < 1 || pooled(width) < 1)
    throw new GraphError(
      `${what}: a kernel of ${kernel} must fit into ${height} x ${width}, padded by ${padding} on each side`,
    );
  return { height: pooled(height), width: pooled(width) };
}

function pooled(x: Shape | undefined, window: PoolWindow, what: string): Shape {
  const { height, width } = pooledSize(window, what);
  const { examples, channels } = mapOf(x, window, `${what}: x`);
  return [examples * height * width, channels];
}

/** Of dy the shape of x. */
function unpooled(dy: Shape | undefined, window: PoolWindow, what: string): Shape {
  const { examples, channels } = mapOf(dy, pooledSize(window, what), `${what}: dy`);
  return [examples * window.height * window.width, channels];
}

function checkFactor({ factor }: Upsampling, what: string): void {
  if (!isWhole(factor, 1)) throw new GraphError(`${what}: factor is ${factor}, must be a positive integer`);
}

const enlarged = ({ height, width, factor }: Upsampling): MapSize => ({
  height: factor * height,
  width: factor * width,
});

export const POOLING: Rows = {
  max_pool2d: {
    shape: (inputs, { window }, label) => pooled(inputs[0], window, `max_pool2d "${label}"`),
    gradient: (node, { window }, dy, append) => [
      append({ op: 'max_pool2d_gradient', window }, [dy, at(node.inputs, 0)], node.label),
    ],
  },
  max_pool2d_gradient: {
    shape: (inputs, { window }, label) => {
      const what = `max_pool2d_gradient "${label}"`;
      const shape = unpooled(inputs[0], window, what);
      if (showShape(shape) !== showShape(at(inputs, 1)))
        throw new GraphError(
          `${what}: x is ${showShape(at(inputs, 1))}, must be ${showShape(shape)} as dy's windows are`,
        );
      return shape;
    },
  },
  avg_pool2d: {
    shape: (inputs, { window }, label) => pooled(inputs[0], window, `avg_pool2d "${label}"`),
    gradient: (node, { window }, dy, append) => [append({ op: 'avg_pool2d_gradient', window }, [dy], node.label)],
  },
  avg_pool2d_gradient: {
    shape: (inputs, { window }, label) => unpooled(inputs[0], window, `avg_pool2d_gradient "${label}"`),
  },
  upsample: {
    shape: (inputs, { scale }, label) => {
      checkFactor(scale, `upsample "${label}"`);
      const { examples, channels } = mapOf(inputs[0], scale, `upsample "${label}": x`);
      const { height, width } = enlarged(scale);
      return [examples * height * width, channels];
    },
    gradient: (node, { scale }, dy, append) => [append({ op: 'upsample_gradient', scale }, [dy], node.label)],
  },
  upsample_gradient: {
    shape: (inputs, { scale }, label) => {
      checkFactor(scale, `upsample_gradient "${label}"`);
      const { examples, channels } = mapOf(inputs[0], enlarged(scale), `upsample_gradient "${label}": dy`);
      return [examples * scale.height * scale.width, channels];
    },
  },
};
