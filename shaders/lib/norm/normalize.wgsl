// x less the mean of its group, over the root of the group's variance, scaled and shifted, and through an activation: for
// batches, layers and groups alike. A statistic is of `statistic_rows` rows and of `group_columns` columns: of all rows and one column
// for a batch; the rows of one example for a layer or a group.
// What is a column's alone is found once: a lane that walks down its column divides nothing and takes no root on the way.
// The including file has x [rows, columns], statistics [2, sizes.statistics], means first and then variances, and affine
// [2, columns], the factors first and then what is added; and an alias Number = f32.
#include "lib/numbers/activation.wgsl"

override OF_BATCH: bool;  // a statistic is a column's: no division finds it

const EPSILON = 1e-5;

struct Statistic {
  mean: f32,
  inverse: f32,  // 1 / sqrt(variance + EPSILON)
}

struct Affine {
  factor: f32,
  shift: f32,
}

// That of x[row, column]; of a batch the same for all rows.
fn statistic_of(row: u32, column: u32) -> Statistic {
  var index = column;
  if (!OF_BATCH) {
    index = (row / sizes.statistic_rows) * sizes.groups + column / sizes.group_columns;
  }
  return Statistic(statistics[index], inverseSqrt(statistics[sizes.statistics + index] + EPSILON));
}

fn affine_of(column: u32) -> Affine {
  return Affine(affine[column], affine[sizes.columns + column]);
}

fn normal(value: f32, own: Statistic) -> f32 {
  return (value - own.mean) * own.inverse;
}

fn scaled(value: f32, by: Affine) -> f32 {
  return by.factor * value + by.shift;
}

// The gradient with respect to the activation's input, from that with respect to its output: the input is computed again.
fn before_activation(dy: f32, value: f32, by: Affine) -> f32 {
  if (ACTIVATION == 0u) {
    return dy;
  }
  let input = scaled(value, by);
  if (ACTIVATION == ACTIVATION_GELU || ACTIVATION == ACTIVATION_SILU || ACTIVATION == ACTIVATION_EXP) {
    return dy * activation_slope(input);
  }
  return dy * activation_slope(activate(input));
}
