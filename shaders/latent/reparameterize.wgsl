// z = mu + eps exp(log_var / 2) with fresh noise eps. epilogues/sampled_heads.wgsl does this and the KL in one pass.
//   heads [batch, 2 latent] = (mu, log_var) -> z [batch, latent]
// Grid: linear over count = batch * latent.  Host: src/kernels/losses/latent.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/random/normal.wgsl"
#include "lib/step/step.wgsl"
#include "lib/losses/vae.wgsl"

@group(0) @binding(0) var<storage, read> heads: array<f32>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<uniform> progress: Progress;
@group(0) @binding(3) var<storage, read_write> z: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // z[row, column]
  if (at < sizes.count) {
    let mu_at = at / sizes.latent * 2u * sizes.latent + at % sizes.latent;
    let eps = normal_at(settings.key, sizes.stream, progress.step, at);
    z[at] = stored(reparameterize(heads[mu_at], heads[mu_at + sizes.latent], eps));
  }
}
