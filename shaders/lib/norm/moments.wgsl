// The mean of some rows of a column, and the sum of their squared distances from it, in two passes: no large numbers cancel.
// The including file has x [rows, columns].
#include "lib/column_sum.wgsl"

// Rows `first` to `end` (not included); every lane must call it.
fn moments(lane: u32, column: u32, first: u32, end: u32) -> vec2f {
  let inside = column < sizes.columns;
  var own = 0.0;
  if (inside) {
    for (var row = first + lane / BLOCK; row < end; row += WORKGROUP / BLOCK) {
      own += x[row * sizes.columns + column];
    }
  }
  let mean = column_sum(lane, own) / f32(max(end - first, 1u));
  own = 0.0;
  if (inside) {
    for (var row = first + lane / BLOCK; row < end; row += WORKGROUP / BLOCK) {
      let distance = x[row * sizes.columns + column] - mean;
      own += distance * distance;
    }
  }
  return vec2f(mean, column_sum(lane, own));
}
