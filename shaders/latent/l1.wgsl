// The sum of the code's magnitudes, a row.
//   z [batch, columns] -> loss [batch]
// Grid (batch, 1, 1): one workgroup a row, lanes stride over the code.  Host: src/kernels/losses/sparsity.ts
#include "lib/reduce.wgsl"

@group(0) @binding(0) var<storage, read> z: array<f32>;
@group(0) @binding(1) var<storage, read_write> loss: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x;
  var sum = 0.0;
  for (var column = lane; column < sizes.columns; column += WORKGROUP) {
    sum += abs(z[row * sizes.columns + column]);
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    loss[row] = total;
  }
}
