// d squared error / d y = 2 weight (y - target).
//   weight [batch], y, targets [batch, PIXELS] -> dy [batch, PIXELS]
// Grid: linear over COUNT = batch * PIXELS.  Host: src/kernels/loss.ts
#include "lib/linear.wgsl"

override COUNT: u32;
override PIXELS: u32;

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read_write> dy: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // y[row, column]
  if (at < COUNT) {
    dy[at] = 2.0 * weight[at / PIXELS] * (y[at] - targets[at]);
  }
}
