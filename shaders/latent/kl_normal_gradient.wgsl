// The gradient of KL(N(mu, exp(log_var)) || N(0, I)) times the row's weight. Only the unfused plan runs this.
//   weight [batch], heads [batch, 2 latent] = (mu, log_var) -> dheads [batch, 2 latent]
// Grid: linear over count = batch * latent.  Host: src/kernels/losses/latent.ts
#include "lib/linear.wgsl"
#include "lib/losses/vae.wgsl"

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> heads: array<f32>;
@group(0) @binding(2) var<storage, read_write> dheads: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // z[row, column]
  if (at < sizes.count) {
    let row = at / sizes.latent;
    let mu_at = row * 2u * sizes.latent + at % sizes.latent;
    let gradient = weight[row] * kl_normal_gradient(heads[mu_at], heads[mu_at + sizes.latent]);
    dheads[mu_at] = gradient.x;
    dheads[mu_at + sizes.latent] = gradient.y;
  }
}
