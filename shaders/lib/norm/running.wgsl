// A batch's statistics, and what they make of the running ones.
// The including file has statistics [2, columns] and running [2, columns], means first and then variances.
// Source: torch.nn.BatchNorm1d, momentum 0.1.

const MOMENTUM = 0.1;

// `squares`: the sum of squared distances from the mean of `count` values. The variance that normalises is the biased one, the
// running one is the unbiased; a single value has none, and changes nothing.
fn finish_statistics(column: u32, mean: f32, squares: f32, count: u32) {
  let n = f32(count);
  statistics[column] = mean;
  statistics[sizes.columns + column] = squares / n;
  if (count > 1u) {
    let variance = sizes.columns + column;
    running[column] = (1.0 - MOMENTUM) * running[column] + MOMENTUM * mean;
    running[variance] = (1.0 - MOMENTUM) * running[variance] + MOMENTUM * (squares / (n - 1.0));
  }
}
