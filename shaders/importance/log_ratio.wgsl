// log p(z) - log q(z|x) of each row at its sample z = mu + eps sigma, in nats, summed over the code: what a sample weighs in the
// importance-weighted bound. Its mean over samples is minus the KL term.
//   heads [batch, 2 latent] = (mu, log_var) -> ratio [batch]
// Grid (batch, 1, 1): one workgroup a row, lanes stride over the code.  Host: src/kernels/losses/latent.ts
// Source: Burda et al. 2016, "Importance Weighted Autoencoders", section 3.

alias Number = f32;

#include "lib/random/normal.wgsl"
#include "lib/reduce.wgsl"
#include "lib/step/step.wgsl"
#include "lib/losses/vae.wgsl"

@group(0) @binding(0) var<storage, read> heads: array<f32>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<uniform> progress: Progress;
@group(0) @binding(3) var<storage, read_write> ratio: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x;
  var sum = 0.0;
  for (var column = lane; column < sizes.latent; column += WORKGROUP) {
    let mu_at = row * 2u * sizes.latent + column;
    let eps = normal_at(settings.key, sizes.stream, progress.step, row * sizes.latent + column);
    sum += log_ratio(heads[mu_at], heads[mu_at + sizes.latent], eps);
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    ratio[row] = total;
  }
}
