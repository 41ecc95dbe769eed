// The operations of feature maps, as graph nodes have them. A feature map is a matrix [examples * area, channels]: an example has
// `area` rows, one a position, row by row of the picture; 1 of a dense layer.
// Their rules are in normalization.ts and dropout.ts.

export type Normalization =
  /**
   * (x [rows, columns], running [2, columns]) -> [2 columns]: each column's mean and biased variance over the rows of this
   * batch's examples, means first. Brings the parameter `running` up to date: momentum 0.1, the unbiased variance.
   */
  | { op: 'batch_statistics'; area: number }
  /**
   * (x, statistics [2 columns], affine [2 columns]: the factors, then what is added) -> weight (x - mean) / sqrt(variance +
   * 1e-5) + bias. Statistics are those of this batch or, where nothing is trained, the running ones.
   */
  | { op: 'batch_norm' }
  /** (dy, x, statistics, affine) -> the gradient of affine: over the rows of this batch's examples. */
  | { op: 'batch_norm_sums'; area: number }
  /** (dy, x, statistics, affine, sums) -> dx, through the statistics as well; 0 past the end of a short batch. */
  | { op: 'batch_norm_gradient'; area: number };

/**
 * x -> x / (1 - probability), or 0 with that probability, 0 <= probability < 1; drawn anew in each step, by others numbers in
 * each `layer`, which is a number that no other layer has. Of training only.
 */
export type Dropout = { op: 'dropout'; probability: number; layer: number };

/** All of them. */
export type MapOperation = Normalization | Dropout;
