// Which features make a row odd: how far each is from what the model makes of the row, in the model's own units.
import { type ModelSpec, scaled } from 'latentgpu/node';

export interface Contribution {
  feature: string;
  /** In the data's units. */
  value: number;
  /** What the model makes of it. */
  expected: number;
  /** Of the row's squared error in the model's units, 0..1. */
  share: number;
}

/**
 * @param row, made [inputs], in the data's units
 * @returns the features of the largest shares, at most `most`
 */
export function contributions(
  spec: ModelSpec,
  row: Float32Array,
  made: Float32Array,
  names: readonly string[],
  most: number,
): Contribution[] {
  const [seen, own] = spec.scaling ? [scaled(row, spec.scaling), scaled(made, spec.scaling)] : [row, made];
  const errors = seen.map((value, at) => (value - (own[at] ?? 0)) ** 2);
  const total = errors.reduce((sum, error) => sum + error, 0);
  return names
    .map((feature, at) => ({
      feature,
      value: row[at] ?? 0,
      expected: made[at] ?? 0,
      share: total > 0 ? (errors[at] ?? 0) / total : 0,
    }))
    .sort((a, b) => b.share - a.share)
    .slice(0, most);
}
