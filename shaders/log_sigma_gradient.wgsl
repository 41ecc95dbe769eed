// The derivative of a Gaussian's negative log likelihood by its learned log sigma, over all rows. Only the unfused plan runs
// this: fused, each workgroup of the last layer's matmul leaves its part (sum_parts.wgsl).
//   weight [batch], y, targets [batch, pixels], log_sigma [1] -> gradient [1]
// Grid (1, 1, 1): lanes stride over count = batch * pixels.  Host: src/kernels/loss.ts

alias Number = f32;

#include "lib/gaussian_nll.wgsl"
#include "lib/reduce.wgsl"

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read> log_sigma: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  let sigma = sigma_of(log_sigma[0]);
  var sum = 0.0;
  for (var at = lane; at < sizes.count; at += WORKGROUP) {
    sum += weight[at / sizes.pixels] * log_sigma_slope((y[at] - targets[at]) * sigma.inverse, sigma);
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    gradient[0] = total;
  }
}
