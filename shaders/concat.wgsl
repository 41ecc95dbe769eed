// Two matrices side by side: y[row] = (a[row], b[row]).
//   a [rows, a_columns], b [rows, b_columns] -> y [rows, a_columns + b_columns]
// Grid: linear over count = rows * (a_columns + b_columns).  Host: src/kernels/columns.ts
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // y[row, column]
  if (at >= sizes.count) {
    return;
  }
  let columns = sizes.a_columns + sizes.b_columns;
  let row = at / columns;
  let column = at % columns;
  if (column < sizes.a_columns) {
    y[at] = a[row * sizes.a_columns + column];
  } else {
    y[at] = b[row * sizes.b_columns + column - sizes.a_columns];
  }
}
