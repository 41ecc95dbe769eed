// How far numbers are from a wanted one, and the gradient of that: what holds a code's KL divergence at a capacity.
import distanceSource from '../../../shaders/latent/distance.wgsl';
import distanceGradientSource from '../../../shaders/latent/distance_gradient.wgsl';
import { type Kernel, linearGrid, WORKGROUP } from '../kernel.js';

export interface DistanceShape {
  count: number;
  wanted: number;
}

const constants = ({ wanted }: DistanceShape) => ({ WORKGROUP, WANTED: wanted });
const sizes = ({ count }: DistanceShape) => ({ count });
const grid = ({ count }: DistanceShape) => linearGrid(count);
const flops = ({ count }: DistanceShape) => 2 * count;

export const distance: Kernel<DistanceShape> = {
  name: 'distance',
  sources: [distanceSource],
  bindings: { x: 'read', y: 'write' },
  constants,
  sizes,
  grid,
  flops,
};

export const distanceGradient: Kernel<DistanceShape> = {
  name: 'distance_gradient',
  sources: [distanceGradientSource],
  bindings: { dy: 'read', x: 'read', dx: 'write' },
  constants,
  sizes,
  grid,
  flops: ({ count }) => 3 * count,
};
