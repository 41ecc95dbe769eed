// KL(weights || equal ones) of each example's samples, in nats: 0 where all count alike, log(samples) where one alone does. Only
// the unfused plan and evaluations run this.
//   weights [batch * samples] -> divergence [batch]
// Grid: linear over count = batch, a lane an example.  Host: src/kernels/losses/importance.ts
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read_write> divergence: array<f32>;

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
      let weight = weights[at];
      // A weight of 0 adds nothing; of NaN the comparison is false, and it stays one.
      sum += select(weight * log(f32(sizes.samples) * weight), 0.0, weight == 0.0);
    }
    divergence[row] = sum;
  }
}
