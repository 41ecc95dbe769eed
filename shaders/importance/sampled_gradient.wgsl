// What arrives at the heads from several samples of the code, through the samples and from log p(z) - log q(z|x) of each. The
// noise is drawn again.
//   dz [batch * samples, dz_columns], of which the first latent; dratio [batch * samples];
//   heads [batch, 2 latent] = (mu, log_var) -> dheads [batch, 2 latent]
// Grid: linear over count = batch * latent.  Host: src/kernels/losses/importance.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/losses/log_ratio_gradient.wgsl"
#include "lib/random/normal.wgsl"
#include "lib/step/step.wgsl"

@group(0) @binding(0) var<storage, read> dz: array<f32>;
@group(0) @binding(1) var<storage, read> dratio: array<f32>;
@group(0) @binding(2) var<storage, read> heads: array<f32>;
@group(0) @binding(3) var<uniform> settings: Settings;
@group(0) @binding(4) var<uniform> progress: Progress;
@group(0) @binding(5) var<storage, read_write> dheads: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // of row, column
  if (at >= sizes.count) {
    return;
  }
  let row = at / sizes.latent;
  let column = at % sizes.latent;
  let mu_at = row * 2u * sizes.latent + column;
  let mu = heads[mu_at];
  let log_var = heads[mu_at + sizes.latent];
  var gradient = vec2f();
  for (var sample = row * sizes.samples; sample < (row + 1u) * sizes.samples; sample++) {
    let eps = normal_at(settings.key, sizes.stream, progress.step, sample * sizes.latent + column);
    gradient += dz[sample * sizes.dz_columns + column] * reparameterize_gradient(log_var, eps)
      + dratio[sample] * log_ratio_gradient(mu, log_var, eps);
  }
  dheads[mu_at] = stored(gradient.x);
  dheads[mu_at + sizes.latent] = stored(gradient.y);
}
