// d bce / d logits = weight (sigmoid(logit) - target). Only the unfused plan runs this.
//   weight [batch], logits, targets [batch, pixels] -> dlogits [batch, pixels]
// Grid: linear over count = batch * pixels.  Host: src/kernels/losses/loss.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/numbers/sigmoid.wgsl"

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read_write> dlogits: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // logits[row, column]
  if (at < sizes.count) {
    dlogits[at] = stored(weight[at / sizes.pixels] * (sigmoid(logits[at]) - targets[at]));
  }
}
