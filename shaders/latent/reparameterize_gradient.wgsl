// The gradient of z = mu + eps exp(log_var / 2), with the step's noise drawn again. Only the unfused plan runs this.
//   dz [batch, latent], heads [batch, 2 latent] = (mu, log_var) -> dheads [batch, 2 latent]
// Grid: linear over count = batch * latent.  Host: src/kernels/losses/latent.ts
#include "lib/linear.wgsl"
#include "lib/random/normal.wgsl"
#include "lib/step/step.wgsl"
#include "lib/losses/vae.wgsl"

@group(0) @binding(0) var<storage, read> dz: array<f32>;
@group(0) @binding(1) var<storage, read> heads: array<f32>;
@group(0) @binding(2) var<uniform> settings: Settings;
@group(0) @binding(3) var<uniform> progress: Progress;
@group(0) @binding(4) var<storage, read_write> dheads: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // dz[row, column]
  if (at < sizes.count) {
    let mu_at = at / sizes.latent * 2u * sizes.latent + at % sizes.latent;
    let eps = normal_at(settings.key, sizes.stream, progress.step, at);
    let gradient = dz[at] * reparameterize_gradient(heads[mu_at + sizes.latent], eps);
    dheads[mu_at] = gradient.x;
    dheads[mu_at + sizes.latent] = gradient.y;
  }
}
