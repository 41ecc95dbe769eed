// The mean of an example's samples by what they count, with a sign. Only the unfused plan and evaluations run this.
//   weights, x [batch * samples] -> mean [batch]
// Grid: linear over count = batch, a lane an example.  Host: src/kernels/losses/importance.ts
#include "lib/linear.wgsl"

override SIGN: f32;

@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_index(workgroup, groups, lane);
  if (row < sizes.count) {
    var sum = 0.0;
    for (var at = row * sizes.samples; at < (row + 1u) * sizes.samples; at++) {
      sum += weights[at] * x[at];
    }
    mean[row] = SIGN * sum;
  }
}
