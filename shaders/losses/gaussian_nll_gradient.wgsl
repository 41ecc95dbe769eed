// d -log N(target; y, sigma^2) / d y = weight (y - target) / sigma^2. Only the unfused plan runs this.
//   weight [batch], y, targets [batch, pixels], log_sigma [1] -> dy [batch, pixels]
// Grid: linear over count = batch * pixels.  Host: src/kernels/losses/loss.ts

alias Number = f32;

#include "lib/losses/gaussian_nll.wgsl"
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read> log_sigma: array<f32>;
@group(0) @binding(4) var<storage, read_write> dy: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // y[row, column]
  if (at < sizes.count) {
    let inverse = sigma_of(log_sigma[0]).inverse;
    dy[at] = stored(weight[at / sizes.pixels] * ((y[at] - targets[at]) * inverse) * inverse);
  }
}
