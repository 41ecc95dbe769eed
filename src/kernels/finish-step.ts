// The end of a step: sums of the loss's terms for the host to read late, and the counters for the next step.
import adjustLossScale from '../../shaders/step/finish/adjust_loss_scale.wgsl';
import constantLossScale from '../../shaders/step/finish/constant_loss_scale.wgsl';
import source from '../../shaders/step/finish_step.wgsl';
import { ArgumentError } from '../errors.js';
import { type Access, bindingNumbers, type Constants, F32_BYTES, type Kernel } from './kernel.js';

const FINISH_WORKGROUP = 128;
/** sizes.parts_* of shaders/lib/step/finish_step.wgsl. */
const MAX_TERMS = 4;

/**
 * `losses` is [terms, stride], `metrics` a ring of `capacity` entries of [terms + 1], the last of which counts the parts
 * that are not finite.
 */
export interface FinishShape {
  /** Of each term, how many numbers add up to it; 'rows': one a live row. */
  parts: (number | 'rows')[];
  stride: number;
  capacity: number;
  /** Rows of a batch. */
  rows: number;
}

export const FINISH_BINDINGS = {
  losses: 'read',
  settings: 'uniform',
  progress: 'uniform',
  metrics: 'write',
  counters: 'read_write',
} as const satisfies Record<string, Access>;

export function finishSizes({ parts, stride, capacity }: FinishShape): Constants {
  if (parts.length > MAX_TERMS)
    throw new ArgumentError(`a loss of ${parts.length} terms, must have at most ${MAX_TERMS}`);
  const numbers = Array.from({ length: MAX_TERMS }, (_, term) => [
    `parts_${term}`,
    parts[term] === 'rows' ? 0 : (parts[term] ?? 1),
  ]);
  return { terms: parts.length, stride, capacity, ...Object.fromEntries(numbers) };
}

export const finishFlops = ({ parts, rows }: FinishShape): number =>
  parts.reduce<number>((sum, count) => sum + (count === 'rows' ? rows : count), 0);

export const finishStep: Kernel<FinishShape> = {
  name: 'finish_step',
  sources: [source, constantLossScale],
  bindings: FINISH_BINDINGS,
  header: bindingNumbers(FINISH_BINDINGS),
  constants: () => ({ WORKGROUP: FINISH_WORKGROUP }),
  sizes: finishSizes,
  grid: () => [1, 1, 1],
  flops: finishFlops,
  bytes: (shape) => (finishFlops(shape) + shape.parts.length + 1) * F32_BYTES,
};

const SCALED_BINDINGS = { ...FINISH_BINDINGS, scaling: 'read' } as const satisfies Record<string, Access>;

/** The end of a step whose gradients were scaled: it also sees to the scale. */
export const finishScaledStep: Kernel<FinishShape> = {
  ...finishStep,
  name: 'finish_scaled_step',
  sources: [source, adjustLossScale],
  bindings: SCALED_BINDINGS,
  header: bindingNumbers(SCALED_BINDINGS),
};
