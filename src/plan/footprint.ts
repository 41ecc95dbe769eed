// How much of the GPU's memory a plan takes, by what it is for.
import type { Plan, Resource } from './plan.js';

/** Bytes. */
export interface Footprint {
  parameters: number;
  /** Only where they are written to memory. */
  gradients: number;
  /** What the optimizer keeps of each parameter. */
  optimizer: number;
  /** Copies of the parameters in f16. */
  halves: number;
  /** What dispatches hand on to others. */
  activations: number;
  /** Resident images and labels. */
  data: number;
  /** Settings, losses, what the host hands over and reads. */
  other: number;
}

const KINDS: Record<Resource, keyof Footprint> = {
  parameters: 'parameters',
  gradients: 'gradients',
  moment1: 'optimizer',
  moment2: 'optimizer',
  halves: 'halves',
  images: 'data',
  labels: 'data',
  losses: 'other',
  metrics: 'other',
  settings: 'other',
  counters: 'other',
  progress: 'other',
  input: 'other',
  output: 'other',
};

/** Of the buffers that the plan binds, up to the last byte that it does. */
export function footprint({ dispatches, scratch }: Plan): Footprint {
  const ends = new Map<Resource, number>();
  for (const { bindings } of dispatches)
    for (const { tensor } of bindings)
      if (tensor.place.kind === 'resource') {
        const { resource, offset } = tensor.place;
        ends.set(resource, Math.max(ends.get(resource) ?? 0, offset + tensor.bytes));
      }
  const found: Footprint = { parameters: 0, gradients: 0, optimizer: 0, halves: 0, activations: 0, data: 0, other: 0 };
  for (const [resource, bytes] of ends) found[KINDS[resource]] += bytes;
  found.activations = scratch.reduce((sum, bytes) => sum + bytes, 0);
  return found;
}
