// KL(N(mu, exp(log_var)) || N(0, I)) of each row, in nats, summed over the code. epilogues/sampled_heads.wgsl does this and z in one pass.
//   heads [batch, 2 latent] = (mu, log_var) -> kl [batch]
// Grid (batch, 1, 1): one workgroup a row, lanes stride over the code.  Host: src/kernels/losses/latent.ts
#include "lib/reduce.wgsl"
#include "lib/losses/vae.wgsl"

@group(0) @binding(0) var<storage, read> heads: array<f32>;
@group(0) @binding(1) var<storage, read_write> kl: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x;
  var sum = 0.0;
  for (var column = lane; column < sizes.latent; column += WORKGROUP) {
    let mu_at = row * 2u * sizes.latent + column;
    sum += kl_normal(heads[mu_at], heads[mu_at + sizes.latent]);
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    kl[row] = total;
  }
}
