// The gradients of weight and bias, of `part` rows at a time, and over the live rows: the sums of dy times what was
// normalised, and of dy. With several parts sum_rows.wgsl adds them up.
//   dy [rows, columns] with respect to the activation's output, x, statistics, affine as in normalize.wgsl
//   -> sums [parts, 2, columns]
// Grid (columns / BLOCK, parts, 1): lanes as in lib/column_sum.wgsl.  Host: src/kernels/layers/normalize.ts

alias Number = f32;

#include "lib/column_sum.wgsl"
#include "lib/norm/normalize.wgsl"
#include "lib/step/step.wgsl"

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
@group(0) @binding(3) var<storage, read> affine: array<f32>;
@group(0) @binding(4) var<uniform> progress: Progress;
@group(0) @binding(5) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = workgroup.x * BLOCK + lane % BLOCK;
  let first = workgroup.y * sizes.part;
  let end = min(first + sizes.part, progress.rows * sizes.area);
  var own = vec2f();
  if (column < sizes.columns) {
    let by = affine_of(column);
    var statistic = statistic_of(first, column);
    for (var row = first + lane / BLOCK; row < end; row += WORKGROUP / BLOCK) {
      if (!OF_BATCH) {
        statistic = statistic_of(row, column);
      }
      let at = row * sizes.columns + column;
      let value = normal(x[at], statistic);
      let d = before_activation(dy[at], value, by);
      own += vec2f(d * value, d);
    }
  }
  let weight = column_sum(lane, own.x);
  let bias = column_sum(lane, own.y);
  if (lane < BLOCK && column < sizes.columns) {
    sums[2u * workgroup.y * sizes.columns + column] = weight;
    sums[(2u * workgroup.y + 1u) * sizes.columns + column] = bias;
  }
}
