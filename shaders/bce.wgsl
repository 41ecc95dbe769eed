// Binary cross entropy from logits and its gradient in one pass, both summed or written a row: the loss of each image in
// nats, and d loss / d logits = weight (sigmoid(logit) - target), zero for rows past the end of a short batch.
//   logits, targets [batch, PIXELS] -> bce [batch], dlogits [batch, PIXELS]
// Grid (batch, 1, 1): one workgroup a row, lanes stride over its pixels.  Host: src/kernels/loss.ts
#include "lib/reduce.wgsl"
#include "lib/row_weight.wgsl"
#include "lib/sigmoid.wgsl"
#include "lib/bce.wgsl"

override PIXELS: u32;

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<f32>;
@group(0) @binding(2) var<uniform> settings: Settings;
@group(0) @binding(3) var<storage, read> progress: Progress;
@group(0) @binding(4) var<storage, read_write> bce: array<f32>;
@group(0) @binding(5) var<storage, read_write> dlogits: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x;
  let weight = row_weight(row, progress, settings, TERM_RECONSTRUCTION);
  var sum = 0.0;
  for (var column = lane; column < PIXELS; column += WORKGROUP) {
    let at = row * PIXELS + column;  // logits[row, column]
    let logit = logits[at];
    let wanted = targets[at];
    sum += bce_with_logits(logit, wanted);
    dlogits[at] = weight * (sigmoid(logit) - wanted);
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    bce[row] = total;
  }
}
