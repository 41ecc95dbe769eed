// The mean and the variance of each column over the rows of this batch's examples, and the running ones brought up to date.
//   x [batch * area, columns] -> statistics [2, columns]; running [2, columns] in place
// Grid (columns / BLOCK, 1, 1): lanes as in lib/column_sum.wgsl. Of many rows, batch_moments.wgsl and combine_moments.wgsl.
// Host: src/kernels/layers/normalize.ts
// Source: Ioffe & Szegedy 2015, "Batch Normalization", algorithm 1.
#include "lib/norm/moments.wgsl"
#include "lib/norm/running.wgsl"
#include "lib/step/step.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<uniform> progress: Progress;
@group(0) @binding(2) var<storage, read_write> statistics: array<f32>;
@group(0) @binding(3) var<storage, read_write> running: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = workgroup.x * BLOCK + lane % BLOCK;
  let live = progress.rows * sizes.area;
  let found = moments(lane, column, 0u, live);
  if (lane < BLOCK && column < sizes.columns) {
    finish_statistics(column, found.x, found.y, live);
  }
}
