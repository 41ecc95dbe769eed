// The operations of feature maps, as graph nodes have them. A feature map is a matrix [examples * area, channels]: an example has
// `area` rows, one a position, row by row of the picture; 1 of a dense layer.
// Their rules are in normalization.ts, dropout.ts, pooling.ts and quantization.ts.

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
  | { op: 'batch_norm_gradient'; area: number }
  /**
   * x [examples * area, columns] -> [2 examples groups]: the mean and the biased variance of each of `groups` groups of an
   * example's columns, over all of its rows; means first.
   */
  | { op: 'group_statistics'; area: number; groups: number }
  /**
   * (x, group_statistics of x, affine) -> as batch_norm, by the groups' statistics. affine is [2 columns]: torch.nn.GroupNorm;
   * or, with one group, a pair a number of an example, [2 area columns]: torch.nn.LayerNorm.
   */
  | { op: 'group_norm'; area: number; groups: number }
  /** (dy, x, statistics, affine) -> the gradient of affine. */
  | { op: 'group_norm_sums'; area: number; groups: number }
  /** (dy, x, statistics, affine) -> dx */
  | { op: 'group_norm_gradient'; area: number; groups: number };

/**
 * x -> x / (1 - probability), or 0 with that probability, 0 <= probability < 1; drawn anew in each step, by others numbers in
 * each `layer`, which is a number that no other layer has. Of training only.
 */
export type Dropout = { op: 'dropout'; probability: number; layer: number };

/** Rows and columns of a picture: an example has height * width rows, row by row. */
export interface MapSize {
  height: number;
  width: number;
}

/** Windows of kernel x kernel, every `stride`, of a map with `padding` more on each side: at most half of the kernel. */
export interface PoolWindow extends MapSize {
  kernel: number;
  stride: number;
  padding: number;
}

/** A map that becomes `factor` times as high and as wide; height and width are those of the small one. */
export interface Upsampling extends MapSize {
  mode: 'nearest' | 'bilinear';
  factor: number;
}

export type Pooling =
  /** x [examples * height * width, channels] -> the largest of each window; padding is less than any number. */
  | { op: 'max_pool2d'; window: PoolWindow }
  /** (dy, x) -> dx: the first of equal ones gets it. */
  | { op: 'max_pool2d_gradient'; window: PoolWindow }
  /** The mean of each window; padding counts as zeros. */
  | { op: 'avg_pool2d'; window: PoolWindow }
  | { op: 'avg_pool2d_gradient'; window: PoolWindow }
  /** Each number repeated, or between its neighbours (PyTorch's align_corners=False). */
  | { op: 'upsample'; scale: Upsampling }
  | { op: 'upsample_gradient'; scale: Upsampling };

/** Each row of a feature map, a place, as the nearest vector of a codebook [codes, columns]. `nearest` are whole numbers. */
export type Quantization =
  /** (z [rows, columns], codebook) -> [rows]: which vector is nearest; of equally near ones the first. */
  | { op: 'nearest_code' }
  /** (z, codebook, nearest) -> these vectors, as z is. Their gradient is z's: the straight-through estimator. */
  | { op: 'take_code' }
  /** nearest -> [codes]: for how many rows of this batch's examples each vector is the nearest. */
  | { op: 'code_counts'; area: number; codes: number }
  /** counts [codes] -> [rows]: exp of the entropy of the vectors' shares, the same for each row. */
  | { op: 'perplexity'; rows: number }
  /**
   * (z, nearest, counts, codebook, running counts [codes], running sums [codes, columns]) -> the sizes that the sums are divided
   * by, [codes]; minus the size where a vector is drawn anew from z. Brings the last three inputs up to date.
   */
  | { op: 'update_codebook'; area: number; decay: number };

/** All of them. */
export type MapOperation = Normalization | Dropout | Pooling | Quantization;
