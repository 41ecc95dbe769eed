// The second stage of a sum whose parts workgroups have left, in a fixed order.
//   parts [count] -> sum [1]
// Grid (1, 1, 1): lanes stride over the parts.  Host: src/kernels/losses/loss.ts
#include "lib/reduce.wgsl"

@group(0) @binding(0) var<storage, read> parts: array<f32>;
@group(0) @binding(1) var<storage, read_write> sum: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var own = 0.0;
  for (var part = lane; part < sizes.count; part += WORKGROUP) {
    own += parts[part];
  }
  let total = reduce_sum(lane, own);
  if (lane == 0u) {
    sum[0] = total;
  }
}
