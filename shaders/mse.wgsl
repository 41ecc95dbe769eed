// Squared error and its gradient in one pass, through the output's activation: the loss of each image, and
// dx = 2 weight (y - target) activation'(x) where y = activation(x); zero for rows past the end of a short batch.
//   y, targets [batch, PIXELS] -> loss [batch], dx [batch, PIXELS]
// Grid (batch, 1, 1): one workgroup a row, lanes stride over its pixels.  Host: src/kernels/loss.ts
#include "lib/activation.wgsl"
#include "lib/reduce.wgsl"
#include "lib/row_weight.wgsl"

override PIXELS: u32;

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<f32>;
@group(0) @binding(2) var<uniform> settings: Settings;
@group(0) @binding(3) var<storage, read> progress: Progress;
@group(0) @binding(4) var<storage, read_write> loss: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x;
  let weight = row_weight(row, progress, settings, TERM_RECONSTRUCTION);
  var sum = 0.0;
  for (var column = lane; column < PIXELS; column += WORKGROUP) {
    let at = row * PIXELS + column;  // y[row, column]
    let value = y[at];
    let error = value - targets[at];
    sum += error * error;
    dx[at] = 2.0 * weight * error * activation_slope(value);
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    loss[row] = total;
  }
}
