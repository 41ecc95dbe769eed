// The gradient of log p(z) - log q(z|x) at the sample (log_ratio.wgsl) times what arrives at it, with the step's noise drawn
// again. Only the unfused plan runs this.
//   dratio [batch], heads [batch, 2 latent] = (mu, log_var) -> dheads [batch, 2 latent]
// Grid: linear over count = batch * latent.  Host: src/kernels/losses/importance.ts
#include "lib/linear.wgsl"
#include "lib/losses/log_ratio_gradient.wgsl"
#include "lib/random/normal.wgsl"
#include "lib/step/step.wgsl"

@group(0) @binding(0) var<storage, read> dratio: array<f32>;
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
  let at = linear_index(workgroup, groups, lane);  // z[row, column]
  if (at < sizes.count) {
    let row = at / sizes.latent;
    let mu_at = row * 2u * sizes.latent + at % sizes.latent;
    let eps = normal_at(settings.key, sizes.stream, progress.step, at);
    let gradient = dratio[row] * log_ratio_gradient(heads[mu_at], heads[mu_at + sizes.latent], eps);
    dheads[mu_at] = gradient.x;
    dheads[mu_at + sizes.latent] = gradient.y;
  }
}
