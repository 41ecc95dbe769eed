// Some columns of a matrix: y[row, column] = x[row, first_column + column].
//   x [rows, x_columns] -> y [rows, columns]
// Grid: linear over count = rows * columns.  Host: src/kernels/columns.ts
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // y[row, column]
  if (at < sizes.count) {
    y[at] = x[(at / sizes.columns) * sizes.x_columns + sizes.first_column + at % sizes.columns];
  }
}
