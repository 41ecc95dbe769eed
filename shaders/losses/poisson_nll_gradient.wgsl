// d -log Poisson(target; exp(l)) / d l = weight (exp(l) - target). Only the unfused plan runs this.
//   weight [batch], log_rates, targets [batch, pixels] -> dlog_rates [batch, pixels]
// Grid: linear over count = batch * pixels.  Host: src/kernels/losses/loss.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/numbers/rate.wgsl"

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> log_rates: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read_write> dlog_rates: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // log_rates[row, column]
  if (at < sizes.count) {
    dlog_rates[at] = stored(weight[at / sizes.pixels] * (rate_of(log_rates[at]) - targets[at]));
  }
}
