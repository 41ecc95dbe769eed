// Two matrices side by side: y[row] = (a[row], b[row]).
//   a [rows, A_COLUMNS], b [rows, B_COLUMNS] -> y [rows, A_COLUMNS + B_COLUMNS]
// Grid: linear over COUNT = rows * (A_COLUMNS + B_COLUMNS).  Host: src/kernels/columns.ts
#include "lib/linear.wgsl"

override COUNT: u32;
override A_COLUMNS: u32;
override B_COLUMNS: u32;

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
  if (at >= COUNT) {
    return;
  }
  let columns = A_COLUMNS + B_COLUMNS;
  let row = at / columns;
  let column = at % columns;
  if (column < A_COLUMNS) {
    y[at] = a[row * A_COLUMNS + column];
  } else {
    y[at] = b[row * B_COLUMNS + column - A_COLUMNS];
  }
}
