// The mean of each column over the rows that hold an image.
//   x [batch, columns] -> mean [columns]
// Grid: linear over columns, each lane walks its column.  Host: src/kernels/losses/sparsity.ts
#include "lib/linear.wgsl"
#include "lib/step/step.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<uniform> progress: Progress;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let column = linear_index(workgroup, groups, lane);
  if (column >= sizes.columns) {
    return;
  }
  var sum = 0.0;
  for (var row = 0u; row < progress.rows; row++) {
    sum += x[row * sizes.columns + column];
  }
  mean[column] = sum / f32(progress.rows);
}
