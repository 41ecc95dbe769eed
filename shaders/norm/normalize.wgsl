// y = activation(weight (x - mean) / sqrt(variance + 1e-5) + bias), by the statistics of a batch, of a layer or of a group.
//   x [rows, columns], statistics [2, statistics], affine [2, columns] -> y [rows, columns]
// Grid (columns / BLOCK, rows / part, 1): lanes as in lib/norm/strip.wgsl.  Host: src/kernels/layers/normalize.ts
// Source: torch.nn.BatchNorm2d, torch.nn.LayerNorm, torch.nn.GroupNorm.

alias Number = f32;

#include "lib/norm/normalize.wgsl"
#include "lib/norm/strip.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> statistics: array<f32>;
@group(0) @binding(2) var<storage, read> affine: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = strip_column(workgroup, lane);
  if (column >= sizes.columns) {
    return;
  }
  let end = strip_end(workgroup);
  let by = affine_of(column);
  var own = statistic_of(strip_first(workgroup, lane), column);
  for (var row = strip_first(workgroup, lane); row < end; row += ROWS_AT_ONCE) {
    if (!OF_BATCH) {
      own = statistic_of(row, column);
    }
    let at = row * sizes.columns + column;
    y[at] = stored(activate(scaled(normal(x[at], own), by)));
  }
}
