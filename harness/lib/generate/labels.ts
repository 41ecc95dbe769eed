// Labels as the library's calls take them. The exported page asks for them, too.
import type { LabelOptions, ModelSpec } from 'latentgpu/node';

/** Only a conditional model is told labels. */
export function labelsFor({ classes }: ModelSpec, labels: Uint8Array | undefined): LabelOptions {
  return classes === undefined || labels === undefined ? {} : { labels };
}

/** The same label for each of `rows` rows, for a conditional model. */
export function sameLabel(spec: ModelSpec, label: number, rows: number): LabelOptions {
  return labelsFor(spec, new Uint8Array(rows).fill(label));
}
