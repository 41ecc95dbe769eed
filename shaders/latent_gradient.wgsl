// The gradient that reaches (mu, log_var): through z, with the step's noise drawn again rather than stored, plus that of
// the weighted KL term. Rows past the end of a short batch get zero.
//   dz [batch, LATENT], heads [batch, 2 LATENT] = (mu, log_var) -> dheads [batch, 2 LATENT]
// Grid: linear over COUNT = batch * LATENT.  Host: src/kernels/latent.ts
#include "lib/linear.wgsl"
#include "lib/normal.wgsl"
#include "lib/row_weight.wgsl"
#include "lib/vae.wgsl"

override COUNT: u32;
override LATENT: u32;
override STREAM: u32;

@group(0) @binding(0) var<storage, read> dz: array<f32>;
@group(0) @binding(1) var<storage, read> heads: array<f32>;
@group(0) @binding(2) var<uniform> settings: Settings;
@group(0) @binding(3) var<storage, read> progress: Progress;
@group(0) @binding(4) var<storage, read_write> dheads: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // dz[row, column]
  if (at >= COUNT) {
    return;
  }
  let row = at / LATENT;
  let mu_at = row * 2u * LATENT + at % LATENT;
  let log_var_at = mu_at + LATENT;
  let log_var = heads[log_var_at];
  let through_z = dz[at] * reparameterize_gradient(log_var, normal_at(settings.key, STREAM, progress.step, at));
  let through_kl = row_weight(row, progress, settings, TERM_KL) * kl_normal_gradient(heads[mu_at], log_var);
  let gradient = through_z + through_kl;
  dheads[mu_at] = gradient.x;
  dheads[log_var_at] = gradient.y;
}
