// The code of a variational autoencoder and its KL divergence in one pass: z = mu + eps exp(log_var / 2) with fresh noise
// eps, and KL(N(mu, exp(log_var)) || N(0, I)) summed over the code, in nats.
//   heads [batch, 2 LATENT] = (mu, log_var) -> z [batch, LATENT], kl [batch]
// Grid (batch, 1, 1): one workgroup a row, lanes stride over the code.  Host: src/kernels/latent.ts
// Source: Kingma & Welling 2014, section 3 and appendix B.
#include "lib/normal.wgsl"
#include "lib/reduce.wgsl"
#include "lib/step.wgsl"
#include "lib/vae.wgsl"

override LATENT: u32;
override STREAM: u32;

@group(0) @binding(0) var<storage, read> heads: array<f32>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<storage, read> progress: Progress;
@group(0) @binding(3) var<storage, read_write> z: array<f32>;
@group(0) @binding(4) var<storage, read_write> kl: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x;
  var sum = 0.0;
  for (var column = lane; column < LATENT; column += WORKGROUP) {
    let mu = heads[row * 2u * LATENT + column];
    let log_var = heads[row * 2u * LATENT + LATENT + column];
    let at = row * LATENT + column;  // z[row, column]
    z[at] = reparameterize(mu, log_var, normal_at(settings.key, STREAM, progress.step, at));
    sum += kl_normal(mu, log_var);
  }
  let total = reduce_sum(lane, sum);
  if (lane == 0u) {
    kl[row] = total;
  }
}
