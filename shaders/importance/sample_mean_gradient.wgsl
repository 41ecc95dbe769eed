// The gradient of sample_mean.wgsl's x. Only the unfused plan runs this.
//   dmean [batch], weights [batch * samples] -> dx [batch * samples]
// Grid: linear over count = batch * samples.  Host: src/kernels/losses/importance.ts
#include "lib/linear.wgsl"

override SIGN: f32;

@group(0) @binding(0) var<storage, read> dmean: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < sizes.count) {
    dx[at] = SIGN * dmean[at / sizes.samples] * weights[at];
  }
}
