// The derivative of a Gaussian's negative log likelihood by its learned log sigma, over all rows, in parts of `part` numbers, which
// sum_parts.wgsl adds up. Plans run this where the last layer's matmul cannot leave the parts itself: unfused, and with several samples
// of the code, whose weights are known only after it.
//   weight [batch], y, targets [batch, pixels], log_sigma [1] -> gradient [parts]
// Grid (parts, 1, 1): lanes stride over a part of count = batch * pixels.  Host: src/kernels/losses/loss.ts

alias Number = f32;

#include "lib/losses/gaussian_nll.wgsl"
#include "lib/reduce.wgsl"

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read> log_sigma: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let sigma = sigma_of(log_sigma[0]);
  var sum = 0.0;
  let first = workgroup.x * sizes.part;
  for (var at = first + lane; at < min(first + sizes.part, sizes.count); at += WORKGROUP) {
    sum += weight[at / sizes.pixels] * log_sigma_slope((y[at] - targets[at]) * sigma.inverse, sigma);
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    gradient[workgroup.x] = total;
  }
}
