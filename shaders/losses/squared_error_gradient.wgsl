// d squared error / d y = 2 weight (y - target).
//   weight [batch], y, targets [batch, pixels] -> dy [batch, pixels]
// Grid: linear over count = batch * pixels.  Host: src/kernels/losses/loss.ts

alias Number = f32;

#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read_write> dy: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // y[row, column]
  if (at < sizes.count) {
    dy[at] = stored(2.0 * weight[at / sizes.pixels] * (y[at] - targets[at]));
  }
}
