// Squared error, summed over the pixels of each row. epilogues/loss.wgsl adds the gradient.
//   y, targets [batch, pixels] -> loss [batch]
// Grid (batch, 1, 1): one workgroup a row, lanes stride over its pixels.  Host: src/kernels/losses/loss.ts
#include "lib/reduce.wgsl"

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<f32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x;
  var sum = 0.0;
  for (var column = lane; column < sizes.pixels; column += WORKGROUP) {
    let at = row * sizes.pixels + column;  // y[row, column]
    let error = y[at] - targets[at];
    sum += error * error;
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    loss[row] = total;
  }
}
