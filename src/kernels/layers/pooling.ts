// Kernels that make feature maps smaller and larger, and their gradients, which gather: every number of dx is written once.

import avgPool2dSource from '../../../shaders/layers/avg_pool2d.wgsl';
import avgPool2dGradientSource from '../../../shaders/layers/avg_pool2d_gradient.wgsl';
import maxPool2dSource from '../../../shaders/layers/max_pool2d.wgsl';
import maxPool2dGradientSource from '../../../shaders/layers/max_pool2d_gradient.wgsl';
import upsampleSource from '../../../shaders/layers/upsample.wgsl';
import upsampleGradientSource from '../../../shaders/layers/upsample_gradient.wgsl';
import type { MapSize, PoolWindow, Upsampling } from '../../graph/operations/map-operations.js';
import { type Kernel, linearGrid, WORKGROUP } from '../kernel.js';

export interface PoolShape {
  examples: number;
  channels: number;
  window: PoolWindow;
  /** What is pooled. */
  out: MapSize;
}

export interface UpsampleShape {
  examples: number;
  channels: number;
  scale: Upsampling;
}

const inputs = ({ examples, channels, window: { height, width } }: PoolShape) => examples * height * width * channels;
const outputs = ({ examples, channels, out: { height, width } }: PoolShape) => examples * height * width * channels;
const poolSizes = (count: (shape: PoolShape) => number) => (shape: PoolShape) => {
  const { channels, window, out } = shape;
  const { height, width, kernel, stride, padding } = window;
  const [out_height, out_width] = [out.height, out.width];
  return { count: count(shape), channels, height, width, out_height, out_width, kernel, stride, padding };
};

/** A comparison, an addition or a product for each number of each window. */
const windowFlops = (shape: PoolShape) => outputs(shape) * shape.window.kernel ** 2;

/** What all have in common that give a number for each of `count`. */
const pooling = (count: (shape: PoolShape) => number) => ({
  constants: () => ({ WORKGROUP }),
  sizes: poolSizes(count),
  grid: (shape: PoolShape) => linearGrid(count(shape)),
  flops: windowFlops,
});

export const maxPool2d: Kernel<PoolShape> = {
  name: 'max_pool2d',
  sources: [maxPool2dSource],
  bindings: { x: 'read', y: 'write' },
  stores: { binding: 'y', width: 1 },
  ...pooling(outputs),
};

export const maxPool2dGradient: Kernel<PoolShape> = {
  name: 'max_pool2d_gradient',
  sources: [maxPool2dGradientSource],
  bindings: { dy: 'read', x: 'read', dx: 'write' },
  stores: { binding: 'dx', width: 1 },
  ...pooling(inputs),
};

export const avgPool2d: Kernel<PoolShape> = {
  name: 'avg_pool2d',
  sources: [avgPool2dSource],
  bindings: { x: 'read', y: 'write' },
  stores: { binding: 'y', width: 1 },
  ...pooling(outputs),
};

export const avgPool2dGradient: Kernel<PoolShape> = {
  name: 'avg_pool2d_gradient',
  sources: [avgPool2dGradientSource],
  bindings: { dy: 'read', dx: 'write' },
  stores: { binding: 'dx', width: 1 },
  ...pooling(inputs),
};

const small = ({ examples, channels, scale: { height, width } }: UpsampleShape) => examples * height * width * channels;
const large = (shape: UpsampleShape) => small(shape) * shape.scale.factor ** 2;

const upsampling = (count: (shape: UpsampleShape) => number) => ({
  constants: ({ scale: { mode } }: UpsampleShape) => ({ WORKGROUP, BILINEAR: Number(mode === 'bilinear') }),
  sizes: (shape: UpsampleShape) => {
    const { height, width, factor } = shape.scale;
    return { count: count(shape), channels: shape.channels, height, width, factor };
  },
  grid: (shape: UpsampleShape) => linearGrid(count(shape)),
});

/** Of four numbers, three times two products and a sum; of a copy none. */
const upsampleFlops = (shape: UpsampleShape) => (shape.scale.mode === 'bilinear' ? 9 * large(shape) : 0);

export const upsample: Kernel<UpsampleShape> = {
  name: 'upsample',
  sources: [upsampleSource],
  bindings: { x: 'read', y: 'write' },
  stores: { binding: 'y', width: 1 },
  ...upsampling(large),
  flops: upsampleFlops,
};

export const upsampleGradient: Kernel<UpsampleShape> = {
  name: 'upsample_gradient',
  sources: [upsampleGradientSource],
  bindings: { dy: 'read', dx: 'write' },
  stores: { binding: 'dx', width: 1 },
  ...upsampling(small),
  flops: (shape) => large(shape) + upsampleFlops(shape),
};
