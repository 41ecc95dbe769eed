// Binary cross entropy from logits, summed over the pixels of each row, in nats. epilogues/loss.wgsl adds the gradient.
//   logits, targets [batch, pixels] -> bce [batch]
// Grid (batch, 1, 1): one workgroup a row, lanes stride over its pixels.  Host: src/kernels/losses/loss.ts

alias Number = f32;

#include "lib/reduce.wgsl"
#include "lib/losses/bce.wgsl"

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<f32>;
@group(0) @binding(2) var<storage, read_write> bce: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x;
  var sum = 0.0;
  for (var column = lane; column < sizes.pixels; column += WORKGROUP) {
    let at = row * sizes.pixels + column;  // logits[row, column]
    sum += bce_with_logits(logits[at], targets[at]);
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    bce[row] = total;
  }
}
