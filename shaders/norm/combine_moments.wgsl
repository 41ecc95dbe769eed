// The moments of parts as those of the whole: the second stage of batch_statistics.wgsl for many rows.
//   parts [parts, 2, columns] -> statistics [2, columns]; running [2, columns] in place
// Grid (columns / BLOCK, 1, 1): lanes as in lib/column_sum.wgsl, over the parts.  First stage: batch_moments.wgsl.
// Host: src/kernels/layers/normalize.ts
// Source: Chan, Golub & LeVeque 1979, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances".
#include "lib/column_sum.wgsl"
#include "lib/norm/running.wgsl"
#include "lib/step/step.wgsl"

@group(0) @binding(0) var<storage, read> parts: array<f32>;
@group(0) @binding(1) var<uniform> progress: Progress;
@group(0) @binding(2) var<storage, read_write> statistics: array<f32>;
@group(0) @binding(3) var<storage, read_write> running: array<f32>;

// How many live rows a part has.
fn rows_of(part: u32, live: u32) -> f32 {
  let first = min(part * sizes.part, live);
  return f32(min(first + sizes.part, live) - first);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = workgroup.x * BLOCK + lane % BLOCK;
  let inside = column < sizes.columns;
  let live = progress.rows * sizes.area;
  var own = 0.0;
  if (inside) {
    for (var part = lane / BLOCK; part < sizes.parts; part += WORKGROUP / BLOCK) {
      own += rows_of(part, live) * parts[2u * part * sizes.columns + column];
    }
  }
  let mean = column_sum(lane, own) / f32(live);
  own = 0.0;
  if (inside) {
    for (var part = lane / BLOCK; part < sizes.parts; part += WORKGROUP / BLOCK) {
      let distance = parts[2u * part * sizes.columns + column] - mean;
      own += parts[(2u * part + 1u) * sizes.columns + column] + rows_of(part, live) * distance * distance;
    }
  }
  let squares = column_sum(lane, own);
  if (lane < BLOCK && inside) {
    finish_statistics(column, mean, squares, live);
  }
}
