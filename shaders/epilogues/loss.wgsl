// Epilogue of the last layer's matmul: the reconstruction loss and, for training, its gradient. The output itself never
// reaches memory.
//   bias [N], targets [M, N] -> losses: one part a workgroup, over its elements of live rows (ends/loss_sum.wgsl);
//   d loss / d (product + bias) [M, N], zero for rows past the end of a short batch (losses/gradient.wgsl)
// The host appends one of losses/bce.wgsl, losses/squared_error.wgsl:
//   fn loss_and_slope(x: f32, wanted: f32) -> vec2f      of an element whose sum, product + bias, is x
// and one of losses/gradient.wgsl, losses/no_gradient.wgsl:
//   fn store_gradient(at: u32, value: f32)
// Where its bindings are: constants BINDING_* of the header.  Host: src/kernels/epilogues.ts
#include "lib/activation.wgsl"
#include "lib/bce.wgsl"
#include "lib/row_weight.wgsl"

@group(0) @binding(BINDING_BIAS) var<storage, read> bias: array<f32>;
@group(0) @binding(BINDING_TARGETS) var<storage, read> targets: array<f32>;
@group(0) @binding(BINDING_SETTINGS) var<uniform> settings: Settings;
@group(0) @binding(BINDING_PROGRESS) var<uniform> progress: Progress;

fn begin_epilogue() {}

fn store(row: u32, column: u32, value: f32) {
  let at = row * sizes.n + column;
  let term = loss_and_slope(value + bias[column], targets[at]);
  loss_sum += select(0.0, term.x, row < progress.rows);
  store_gradient(at, row_weight(row, progress, settings, TERM_RECONSTRUCTION) * term.y);
}

fn store_bias_gradient(row: u32, value: f32) {}
