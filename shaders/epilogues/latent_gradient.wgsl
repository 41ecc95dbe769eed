// Epilogue of the matmul that gives dz: what arrives at the heads, through the sample and from the KL divergence:
// d (mu, log_var) = dz d z / d (mu, log_var) + weight d KL / d (mu, log_var). The noise is drawn again.
// Columns of the product from latent on (a conditional model's labels) are nobody's.
//   heads [M, 2 latent] -> dheads [M, 2 latent]
// Where its bindings are: constants BINDING_* of the header.  Host: src/kernels/matmul/epilogues.ts
// Source: Kingma & Welling 2014; formulas in lib/losses/vae.wgsl.
#include "lib/random/normal.wgsl"
#include "lib/losses/row_weight.wgsl"
#include "lib/losses/vae.wgsl"

@group(0) @binding(BINDING_HEADS) var<storage, read> heads: array<f32>;
@group(0) @binding(BINDING_SETTINGS) var<uniform> settings: Settings;
@group(0) @binding(BINDING_PROGRESS) var<uniform> progress: Progress;
@group(0) @binding(BINDING_DHEADS) var<storage, read_write> dheads: array<Stored>;

fn begin_epilogue() {}

fn store(row: u32, column: u32, value: f32) {
  if (column >= sizes.latent) {
    return;
  }
  let mu_at = row * 2u * sizes.latent + column;
  let log_var = heads[mu_at + sizes.latent];
  let eps = normal_at(settings.key, sizes.stream, progress.step, row * sizes.latent + column);
  let through_z = value * reparameterize_gradient(log_var, eps);
  let through_kl = row_weight(row, progress, settings, TERM_KL) * kl_normal_gradient(heads[mu_at], log_var);
  let gradient = through_z + through_kl;
  dheads[mu_at] = stored(gradient.x);
  dheads[mu_at + sizes.latent] = stored(gradient.y);
}

fn store_bias_gradient(row: u32, value: f32) {}
