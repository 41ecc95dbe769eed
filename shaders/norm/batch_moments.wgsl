// The mean of each column over `part` rows at a time, and the sum of squared distances from it: the first stage of
// batch_statistics.wgsl for many rows. A part without a live row gets zeros.
//   x [batch * area, columns] -> parts [parts, 2, columns]
// Grid (columns / BLOCK, parts, 1): lanes as in lib/column_sum.wgsl.  Second stage: combine_moments.wgsl.
// Host: src/kernels/layers/normalize.ts
#include "lib/norm/moments.wgsl"
#include "lib/step/step.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<uniform> progress: Progress;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = workgroup.x * BLOCK + lane % BLOCK;
  let first = workgroup.y * sizes.part;
  let end = max(first, min(first + sizes.part, progress.rows * sizes.area));
  let found = moments(lane, column, first, end);
  if (lane < BLOCK && column < sizes.columns) {
    parts[2u * workgroup.y * sizes.columns + column] = found.x;
    parts[(2u * workgroup.y + 1u) * sizes.columns + column] = found.y;
  }
}
