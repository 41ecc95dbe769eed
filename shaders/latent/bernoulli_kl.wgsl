// How far the units' mean activations are from the wanted one: KL(WANTED || rho) summed over the code, in nats. It is a
// property of the batch; every row gets it, so that the mean over rows is it.
//   rho [columns] -> loss [batch]
// Grid (batch, 1, 1): one workgroup a row, lanes stride over the code.  Host: src/kernels/losses/sparsity.ts
#include "lib/losses/bernoulli.wgsl"
#include "lib/reduce.wgsl"

override WANTED: f32;

@group(0) @binding(0) var<storage, read> rho: array<f32>;
@group(0) @binding(1) var<storage, read_write> loss: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var column = lane; column < sizes.columns; column += WORKGROUP) {
    sum += bernoulli_kl(WANTED, rho[column]);
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    loss[workgroup.x] = total;
  }
}
