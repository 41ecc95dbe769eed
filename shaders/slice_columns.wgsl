// Some columns of a matrix: y[row, column] = x[row, FROM + column].
//   x [rows, X_COLUMNS] -> y [rows, COLUMNS]
// Grid: linear over COUNT = rows * COLUMNS.  Host: src/kernels/columns.ts
#include "lib/linear.wgsl"

override COUNT: u32;
override FROM: u32;
override COLUMNS: u32;
override X_COLUMNS: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // y[row, column]
  if (at < COUNT) {
    y[at] = x[(at / COLUMNS) * X_COLUMNS + FROM + at % COLUMNS];
  }
}
