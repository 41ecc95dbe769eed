// Each row several times, one after the other: an example for each of its samples of the code.
//   x [rows, columns] -> y [rows * times, columns]
// Grid: linear over count = rows * times * columns.  Host: src/kernels/losses/importance.ts
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // y[row * times + time, column]
  if (at < sizes.count) {
    let row = at / sizes.columns / sizes.times;
    y[at] = x[row * sizes.columns + at % sizes.columns];
  }
}
