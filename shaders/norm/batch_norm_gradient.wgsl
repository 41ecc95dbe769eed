// dx of a batch's normalisation, to which every row contributes by the statistics; rows past a short batch's end get 0.
//   dy [rows, columns] with respect to the activation's output, x, statistics, affine as in normalize.wgsl,
//   sums [2, columns] of normalize_sums.wgsl -> dx [rows, columns]
// Grid (columns / BLOCK, rows / part, 1): lanes as in lib/norm/strip.wgsl.  Host: src/kernels/layers/normalize.ts
// Source: Ioffe & Szegedy 2015, "Batch Normalization", section 3.

alias Number = f32;

#include "lib/norm/normalize.wgsl"
#include "lib/step/step.wgsl"
#include "lib/norm/strip.wgsl"

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
@group(0) @binding(3) var<storage, read> affine: array<f32>;
@group(0) @binding(4) var<storage, read> sums: array<f32>;
@group(0) @binding(5) var<uniform> progress: Progress;
@group(0) @binding(6) var<storage, read_write> dx: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = strip_column(workgroup, lane);
  if (column >= sizes.columns) {
    return;
  }
  let end = strip_end(workgroup);
  let live = progress.rows * sizes.area;
  let own = statistic_of(0u, column);
  let by = affine_of(column);
  let factor = by.factor * own.inverse;
  let bias = sums[sizes.columns + column];
  let weight = sums[column];
  for (var row = strip_first(workgroup, lane); row < end; row += ROWS_AT_ONCE) {
    let at = row * sizes.columns + column;
    var gradient = 0.0;
    if (row < live) {
      let value = normal(x[at], own);
      gradient = factor * (before_activation(dy[at], value, by) - (bias + value * weight) / f32(live));
    }
    dx[at] = stored(gradient);
  }
}
