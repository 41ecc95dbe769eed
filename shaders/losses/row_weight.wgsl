// How much each row of the batch counts in a term of the loss: the term's weight for rows that hold an image, 0 for the
// rest of a short batch. Only the unfused plan runs this; fused kernels read the same numbers themselves.
//   -> weight [ROWS]
// Grid: linear over ROWS.  Host: src/kernels/losses/loss.ts
#include "lib/linear.wgsl"
#include "lib/losses/row_weight.wgsl"

override TERM: u32;

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<uniform> progress: Progress;
@group(0) @binding(2) var<storage, read_write> weight: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_index(workgroup, groups, lane);
  if (row < sizes.count) {
    weight[row] = row_weight(row, progress, settings, TERM);
  }
}
