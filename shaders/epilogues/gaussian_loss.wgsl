// Epilogue of the last layer's matmul: the negative log likelihood of a Gaussian with a learned deviation and, for training,
// its gradients. The output itself never reaches memory.
//   bias [N], targets [M, N], log_sigma [1] -> losses: one part a workgroup, over its elements of live rows;
//   d loss / d (product + bias) [M, N], zero for rows past the end of a short batch (epilogues/losses/gradient.wgsl);
//   d loss / d log_sigma, a part a workgroup (epilogues/ends/loss_and_sigma_sums.wgsl)
// The host appends epilogues/losses/gradient.wgsl, or epilogues/losses/no_gradient.wgsl and epilogues/losses/no_sigma_gradient.wgsl:
//   fn store_gradient(at: u32, value: Number)
//   fn add_sigma_gradient(value: f32)  of this lane's elements
// Where its bindings are: constants BINDING_* of the header.  Host: src/kernels/matmul/epilogues.ts
#include "lib/numbers/activation.wgsl"
#include "lib/losses/gaussian_nll.wgsl"
#include "lib/losses/row_weight.wgsl"

override KEEPS_INPUT: bool;  // whether the activation's slope is told from x, not from activation(x)

@group(0) @binding(BINDING_BIAS) var<storage, read> bias: array<Number>;
@group(0) @binding(BINDING_TARGETS) var<storage, read> targets: array<Number>;
@group(0) @binding(BINDING_SETTINGS) var<uniform> settings: Settings;
@group(0) @binding(BINDING_PROGRESS) var<uniform> progress: Progress;
@group(0) @binding(BINDING_LOG_SIGMA) var<storage, read> log_sigma: array<f32>;

var<private> sigma: Sigma;

fn begin_epilogue() {
  sigma = sigma_of(log_sigma[0]);
}

fn store(row: u32, column: u32, value: Number) {
  let at = number_at(row, column);
  let x = value + bias[column];
  let y = activate(x);
  let r = (y - targets[at]) * sigma.inverse;
  loss_sum += select(0.0, total(gaussian_nll(r, sigma)), row / sizes.area < progress.rows);
  let weight = row_weight(row / sizes.area, progress, settings, TERM_RECONSTRUCTION);
  store_gradient(at, weight * r * sigma.inverse * activation_slope(select(y, x, KEEPS_INPUT)));
  add_sigma_gradient(weight * total(log_sigma_slope(r, sigma)));
}

fn store_bias_gradient(row: u32, value: Number) {}
