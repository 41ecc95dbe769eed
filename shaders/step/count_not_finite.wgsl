// How many of some numbers are infinite or not a number. Weights that are neither may leave the loss finite: max(NaN, 0), the
// ReLU, is 0 on many devices.
//   values [sizes.count], the bits of f32 -> count [1], exact up to 2^24
// Grid (1, 1, 1): lanes stride over the values.  Host: src/kernels/not-finite.ts
#include "lib/numbers/finite.wgsl"
#include "lib/reduce.wgsl"

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> count: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var bad = 0.0;
  for (var at = lane; at < sizes.count; at += WORKGROUP) {
    bad += select(1.0, 0.0, is_finite(values[at]));
  }
  let total = reduce_sum(lane, bad);
  if (lane == 0u) {
    count[0] = total;
  }
}
