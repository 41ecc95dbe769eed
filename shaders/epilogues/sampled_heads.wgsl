// Epilogue of the heads' matmul: mu and log_var of a dimension come to one lane one after the other (stored_column of
// lib/matmul_operands.wgsl), which samples z and adds up the KL divergence.
//   bias [2 latent] -> heads [M, 2 latent] = (mu, log_var); z [M, latent] = mu + eps exp(log_var / 2);
//   losses: KL in nats, one part a workgroup, over its elements of live rows (epilogues/ends/loss_sum.wgsl)
// Where its bindings are: constants BINDING_* of the header.  Host: src/kernels/matmul/epilogues.ts
// Source: Kingma & Welling 2014; formulas in lib/losses/vae.wgsl.
#include "lib/random/normal.wgsl"
#include "lib/step/step.wgsl"
#include "lib/losses/vae.wgsl"

@group(0) @binding(BINDING_BIAS) var<storage, read> bias: array<f32>;
@group(0) @binding(BINDING_SETTINGS) var<uniform> settings: Settings;
@group(0) @binding(BINDING_PROGRESS) var<uniform> progress: Progress;
@group(0) @binding(BINDING_HEADS) var<storage, read_write> heads: array<f32>;
@group(0) @binding(BINDING_Z) var<storage, read_write> z: array<Stored>;

var<private> product_of_mu: f32;  // until that of log_var comes

fn begin_epilogue() {}

fn store(row: u32, column: u32, value: f32) {
  if (!is_second_of_pair(column)) {
    product_of_mu = value;
    return;
  }
  let dimension = pair_of(column);
  if (dimension >= sizes.latent) {
    return;
  }
  let mu = product_of_mu + bias[dimension];
  let log_var = value + bias[sizes.latent + dimension];
  let mu_at = row * 2u * sizes.latent + dimension;
  heads[mu_at] = mu;
  heads[mu_at + sizes.latent] = log_var;
  let at = row * sizes.latent + dimension;
  z[at] = stored(reparameterize(mu, log_var, normal_at(settings.key, sizes.stream, progress.step, at)));
  loss_sum += select(0.0, kl_normal(mu, log_var), row < progress.rows);
}

fn store_bias_gradient(row: u32, value: f32) {}
