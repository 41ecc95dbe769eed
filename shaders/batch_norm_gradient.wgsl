// dx of a batch's normalisation, to which every row contributes by the statistics; rows past a short batch's end get 0.
//   dy [rows, columns] with respect to the activation's output, x, statistics, affine as in normalize.wgsl,
//   sums [2, columns] of normalize_sums.wgsl -> dx [rows, columns]
// Grid: linear over count = rows * columns.  Host: src/kernels/normalize.ts
// Source: Ioffe & Szegedy 2015, "Batch Normalization", section 3.

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/normalize.wgsl"
#include "lib/step.wgsl"

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
@group(0) @binding(3) var<storage, read> affine: array<f32>;
@group(0) @binding(4) var<storage, read> sums: array<f32>;
@group(0) @binding(5) var<uniform> progress: Progress;
@group(0) @binding(6) var<storage, read_write> dx: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at >= sizes.count) {
    return;
  }
  let row = at / sizes.columns;
  let column = at % sizes.columns;
  let live = progress.rows * sizes.area;
  if (row >= live) {
    dx[at] = stored(0.0);
    return;
  }
  let own = normal(row, column);
  let d = before_activation(dy[at], own.value, column);
  let mean = (sums[sizes.columns + column] + own.value * sums[column]) / f32(live);
  dx[at] = stored(affine[column] * own.inverse * (d - mean));
}
