// A model layer by layer: what each gives and how many numbers it holds. No GPU is asked.
import { parameterSpecs } from '../graph/layers.js';
import { numel } from '../graph/operations/ops.js';
import { validateSpec } from '../model/check-spec.js';
import type { LayerSpec } from '../model/layers.js';
import { isMap, type Place, type PlacedLayer, placedLayers } from '../model/places.js';
import type { ModelSpec } from '../model/spec.js';
import { layerOf, layoutOf, type NamedRange } from '../plan/layout.js';

/** A layer, or a parameter that is of none. */
export interface LayerSummary {
  /** Of its module in PyTorch: "encoder.0", "mu"; or the parameter's own. */
  name: string;
  /** As the model has it; absent for a parameter that is of no layer. */
  spec?: LayerSpec;
  /** What it gives of one example: [height, width, channels] of a feature map, [numbers] of a vector. */
  output: number[];
  /** How many numbers are trained. */
  parameters: number;
  /** How many are brought up to date by steps instead: running statistics, a codebook. */
  buffers: number;
}

/** The layers in the order in which they are computed, those inside a residual before itself; what is of no layer comes last. */
export function summarizeModel(spec: ModelSpec): LayerSummary[] {
  validateSpec(spec);
  const { encoder, top, decoder } = placedLayers(spec);
  const { ranges } = layoutOf(parameterSpecs(spec));
  const rows = (layers: readonly PlacedLayer[]): LayerSummary[] =>
    layers.flatMap(({ name, spec: layer, to, inner = [] }) => [
      ...rows(inner),
      { name, spec: layer, output: sizesOf(to), ...numbersIn(ranges, name) },
    ]);
  const { kind, units } = spec.code;
  const head = { spec: { units, activation: 'identity' as const }, output: [units] };
  const heads = kind === 'gaussian' ? ['mu', 'log_var'] : [];
  const single = ranges.filter(({ name }) => layerOf(name) === name);
  return [
    ...rows(encoder),
    ...heads.map((name) => ({ name, ...head, ...numbersIn(ranges, name) })),
    ...(kind === 'quantized' ? [{ name: 'codebook', output: sizesOf(top), ...numbersIn(ranges, 'codebook') }] : []),
    ...rows(decoder),
    ...single.map(({ name }) => ({ name, output: [], ...numbersIn(ranges, name) })),
  ];
}

const sizesOf = (place: Place): number[] =>
  isMap(place) ? [place.height, place.width, place.channels] : [place.units];

function numbersIn(ranges: readonly NamedRange[], layer: string): Pick<LayerSummary, 'parameters' | 'buffers'> {
  const numbers = (trained: boolean) =>
    ranges
      .filter((range) => layerOf(range.name) === layer && (range.trained !== false) === trained)
      .reduce((sum, { shape }) => sum + numel(shape), 0);
  return { parameters: numbers(true), buffers: numbers(false) };
}
