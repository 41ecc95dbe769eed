// Samples of the code, several an example, and log p(z) - log q(z|x) of each: latent/reparameterize.wgsl and log_ratio.wgsl in one pass.
//   heads [batch, 2 latent] = (mu, log_var) -> z [batch * samples, latent], ratio [batch * samples], nats
// Grid (batch * samples, 1, 1): one workgroup a sample, lanes stride over the code.  Host: src/kernels/losses/importance.ts
// Source: Burda et al. 2016, "Importance Weighted Autoencoders", section 3.

alias Number = f32;

#include "lib/random/normal.wgsl"
#include "lib/reduce.wgsl"
#include "lib/step/step.wgsl"
#include "lib/losses/vae.wgsl"

@group(0) @binding(0) var<storage, read> heads: array<f32>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<uniform> progress: Progress;
@group(0) @binding(3) var<storage, read_write> z: array<Stored>;
@group(0) @binding(4) var<storage, read_write> ratio: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let sample = workgroup.x;
  var sum = 0.0;
  for (var column = lane; column < sizes.latent; column += WORKGROUP) {
    let mu_at = sample / sizes.samples * 2u * sizes.latent + column;
    let mu = heads[mu_at];
    let log_var = heads[mu_at + sizes.latent];
    let at = sample * sizes.latent + column;
    let eps = normal_at(settings.key, sizes.stream, progress.step, at);
    z[at] = stored(reparameterize(mu, log_var, eps));
    sum += log_ratio(mu, log_var, eps);
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    ratio[sample] = total;
  }
}
