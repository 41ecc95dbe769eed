// x less the mean of its group, over the root of the group's variance, scaled and shifted, and through an activation: for
// batches, layers and groups alike. A statistic is of `statistic_rows` rows and of `group_columns` columns: of all rows and one column
// for a batch; the rows of one example for a layer or a group.
// The including file has x [rows, columns], statistics [2, sizes.statistics], means first and then variances, and affine
// [2, columns], the factors first and then what is added; and an alias Number = f32.
#include "lib/activation.wgsl"

override OF_BATCH: bool;  // a statistic is a column's: no division finds it

const EPSILON = 1e-5;

struct Normal {
  value: f32,    // x normalised
  inverse: f32,  // 1 / sqrt(variance + EPSILON)
}

// Which statistic is that of x[row, column].
fn statistic_of(row: u32, column: u32) -> u32 {
  if (OF_BATCH) {
    return column;
  }
  return (row / sizes.statistic_rows) * sizes.groups + column / sizes.group_columns;
}

fn normal(row: u32, column: u32) -> Normal {
  let index = statistic_of(row, column);
  let inverse = inverseSqrt(statistics[sizes.statistics + index] + EPSILON);
  return Normal((x[row * sizes.columns + column] - statistics[index]) * inverse, inverse);
}

fn scaled(value: f32, column: u32) -> f32 {
  return affine[column] * value + affine[sizes.columns + column];
}

// The gradient with respect to the activation's input, from that with respect to its output: the input is computed again.
fn before_activation(dy: f32, value: f32, column: u32) -> f32 {
  if (ACTIVATION == 0u) {
    return dy;
  }
  let input = scaled(value, column);
  if (ACTIVATION == ACTIVATION_GELU || ACTIVATION == ACTIVATION_SILU || ACTIVATION == ACTIVATION_EXP) {
    return dy * activation_slope(input);
  }
  return dy * activation_slope(activate(input));
}
