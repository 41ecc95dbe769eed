// What each sample of an example counts in the importance-weighted bound; those of an example add up to 1. Only the unfused plan
// and evaluations run this.
//   distance: what its output is from the example, ratio = log p(z) - log q(z|x) [batch * samples] -> weights [batch * samples]
// Grid: linear over count = batch, a lane an example.  Host: src/kernels/losses/importance.ts
#include "lib/losses/importance.wgsl"
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> distance: array<f32>;
@group(0) @binding(1) var<storage, read> ratio: array<f32>;
@group(0) @binding(2) var<uniform> settings: Settings;
@group(0) @binding(3) var<uniform> progress: Progress;
@group(0) @binding(4) var<storage, read_write> weights: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_index(workgroup, groups, lane);
  if (row < sizes.count) {
    let of_example = log_weights_of(row);
    for (var at = row * sizes.samples; at < (row + 1u) * sizes.samples; at++) {
      weights[at] = exp(log_share(at, of_example));
    }
  }
}
