// Tensors from a file or from anywhere else as the weights of a model: which of them are meant, whether they are all there,
// and whether they can be computed with.
import { kindOf, tagOf } from '../../data/files/bytes.js';
import { ArgumentError } from '../../errors.js';
import { entriesOf, type Named } from '../../formats/safetensors.js';
import { parameterSpecs } from '../../graph/layers.js';
import { numel, type Shape, showShape } from '../../graph/operations/ops.js';
import { F32_BYTES } from '../../kernels/kernel.js';
import { validateSpec } from '../../model/check-spec.js';
import type { ModelSpec } from '../../model/spec.js';
import { type Layout, layoutOf, type NamedRange } from '../../plan/layout.js';
import { cut } from '../../show.js';
import { notFinite } from '../passes/rows.js';
import { flatten, type NamedTensors, unflatten } from './tensors.js';

/** A tensor as decodeSafetensors gives it, or made by hand. */
export interface WeightTensor {
  /** Sizes, slowest axis first. */
  shape: Shape;
  /** Row-major; floats, but in tensors that are no weights. */
  values: ArrayLike<number> | ArrayLike<bigint>;
}

/** What wrappers of PyTorch (DataParallel, Lightning, torch.compile) put before every name of a state_dict. */
const PREFIXES = ['module.', 'model.', '_orig_mod.'];
/** Before the names of what a checkpoint keeps of the optimizer. */
const OPTIMIZER = 'optimizer.';

/**
 * The weights among a file's tensors, under the model's own names: without `optimizer.` tensors of a checkpoint, and
 * without one prefix `module.`, `model.` or `_orig_mod.` if all names have it.
 * @throws ArgumentError if `tensors` is neither a Map nor a plain object of tensors
 */
export function weightsOf<Tensor>(tensors: Named<Tensor>): Map<string, Tensor> {
  const all = entriesOf(tensors);
  const weights = all.filter(([name]) => !name.startsWith(OPTIMIZER));
  const prefix = PREFIXES.find((each) => weights.every(([name]) => name.startsWith(each))) ?? '';
  return new Map(weights.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/**
 * The weights of a model as they lie on the GPU. Tensors of integers that no parameter is named after, such as
 * `num_batches_tracked`, are counters and left out.
 * @throws ArgumentError naming all tensors that are missing, superfluous or of another shape; or the first whose values are
 *   integers or not finite
 */
export function flatWeights(layout: Layout, tensors: Named<WeightTensor>): Float32Array<ArrayBuffer> {
  const weights = weightsOf(tensors);
  checkFit(layout.ranges, weights);
  const flat = flatten(layout, weights as unknown as NamedTensors);
  for (const { name, shape, offset } of layout.ranges) {
    const from = offset / F32_BYTES;
    const fault = notFinite(flat.subarray(from, from + numel(shape)), (index) => weights.get(name)?.values[index]);
    if (fault !== undefined)
      throw new ArgumentError(
        `parameter "${name}": ${fault}; a training that diverged leaves such weights, take those of an earlier checkpoint`,
      );
  }
  return flat;
}

/**
 * The weights of a model without a device: all of its parameters, by PyTorch's names, in their order.
 * @throws ArgumentError as Model.loadParameters
 */
export function weightsFor(spec: ModelSpec, tensors: Named<WeightTensor>): NamedTensors {
  validateSpec(spec);
  const layout = layoutOf(parameterSpecs(spec));
  return unflatten(layout, flatWeights(layout, tensors).buffer);
}

/** Before anything is allocated for them. */
function checkFit(ranges: readonly NamedRange[], weights: ReadonlyMap<string, WeightTensor>): void {
  const known = new Set(ranges.map(({ name }) => name));
  for (const [name, tensor] of weights)
    if (known.has(name) && isInteger(tensor))
      throw new ArgumentError(
        `parameter "${name}" holds integers (${kindOf(tensor.values)}), must hold floats; weights that were quantised must be turned back to floats first`,
      );
  const missing = ranges
    .filter(({ name }) => !weights.has(name))
    .map(({ name, shape }) => `${name} ${showShape(shape)}`);
  const superfluous = [...weights]
    .filter(([name, tensor]) => !known.has(name) && !isInteger(tensor))
    .map(([name, { shape }]) => `${cut(name)} ${cut(showShape(shape))}`);
  const misshapen = ranges.flatMap(({ name, shape }) => {
    const tensor = weights.get(name);
    if (!tensor || fits(tensor, shape)) return [];
    const { length } = tensor.values;
    const counted = fits({ ...tensor, shape }, shape) ? '' : ` with ${length} values`;
    return [`${name} ${cut(showShape(tensor.shape))}${counted}, must be ${showShape(shape)}`];
  });
  const faults = [
    list('missing', missing),
    list('superfluous', superfluous),
    list('of another shape', misshapen),
  ].filter(Boolean);
  if (faults.length > 0)
    throw new ArgumentError(
      `the tensors are not those of this model: ${faults.join('; ')}. Make the model from the spec that they were trained with`,
    );
}

const isInteger = ({ values }: WeightTensor) => /^(Big)?(Ui|I)nt/.test(tagOf(values));

const fits = (tensor: WeightTensor, shape: Shape) =>
  showShape(tensor.shape) === showShape(shape) && tensor.values.length === numel(shape);

const MOST_LISTED = 10;

/** "2 missing: mu.bias [6], mu.weight [6, 24]"; '' if there are none. */
function list(what: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  const more = items.length > MOST_LISTED ? `, and ${items.length - MOST_LISTED} more` : '';
  return `${items.length} ${what}: ${items.slice(0, MOST_LISTED).join(', ')}${more}`;
}
