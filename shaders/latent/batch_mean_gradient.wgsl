// d mean / d x: each row that holds an image has its share of dmean; the others none.
//   dmean [columns] -> dx [batch, columns]
// Grid: linear over count = batch * columns.  Host: src/kernels/losses/sparsity.ts
#include "lib/linear.wgsl"
#include "lib/step/step.wgsl"

@group(0) @binding(0) var<storage, read> dmean: array<f32>;
@group(0) @binding(1) var<uniform> progress: Progress;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // dx[row, column]
  if (at < sizes.count) {
    dx[at] = select(0.0, dmean[at % sizes.columns] / f32(progress.rows), at / sizes.columns < progress.rows);
  }
}
