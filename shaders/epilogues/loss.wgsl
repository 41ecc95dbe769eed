// Epilogue of the last layer's matmul: the reconstruction loss and, for training, its gradient. The output itself never
// reaches memory.
//   bias [N], targets [M, N] -> losses: one part a workgroup, over its elements of live rows (epilogues/ends/loss_sum.wgsl);
//   d loss / d (product + bias) [M, N], zero for rows past the end of a short batch (epilogues/losses/gradient.wgsl)
// An example is sizes.area rows: the places of its feature map, or 1.
// The host appends one of epilogues/losses/bce.wgsl, epilogues/losses/squared_error.wgsl, epilogues/losses/poisson_nll.wgsl:
//   fn loss_and_slope(x: Number, wanted: Number) -> LossAndSlope  of what is x, product + bias
// and one of epilogues/losses/gradient.wgsl, epilogues/losses/no_gradient.wgsl:
//   fn store_gradient(at: u32, value: Number)
// Where its bindings are: constants BINDING_* of the header.  Host: src/kernels/matmul/epilogues.ts
#include "lib/numbers/activation.wgsl"
#include "lib/losses/bce.wgsl"
#include "lib/losses/poisson.wgsl"
#include "lib/losses/row_weight.wgsl"

@group(0) @binding(BINDING_BIAS) var<storage, read> bias: array<Number>;
@group(0) @binding(BINDING_TARGETS) var<storage, read> targets: array<Number>;
@group(0) @binding(BINDING_SETTINGS) var<uniform> settings: Settings;
@group(0) @binding(BINDING_PROGRESS) var<uniform> progress: Progress;

struct LossAndSlope {
  loss: Number,
  slope: Number,
}

fn begin_epilogue() {}

fn store(row: u32, column: u32, value: Number) {
  let at = number_at(row, column);
  let term = loss_and_slope(value + bias[column], targets[at]);
  loss_sum += select(0.0, total(term.loss), row / sizes.area < progress.rows);
  store_gradient(at, row_weight(row / sizes.area, progress, settings, TERM_RECONSTRUCTION) * term.slope);
}

fn store_bias_gradient(row: u32, value: Number) {}
