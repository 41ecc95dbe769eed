// The sum of each column, of `part` rows at a time: a bias's gradient. With several parts a second run adds them up.
//   x [rows, columns] -> sum [parts, columns]
// Grid (columns / BLOCK, parts, 1): lanes as in lib/column_sum.wgsl.  Host: src/kernels/elementwise.ts
#include "lib/column_sum.wgsl"

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read_write> sum: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = workgroup.x * BLOCK + lane % BLOCK;
  let first = workgroup.y * sizes.part;
  let end = min(first + sizes.part, sizes.rows);
  var own = 0.0;
  if (column < sizes.columns) {
    for (var row = first + lane / BLOCK; row < end; row += WORKGROUP / BLOCK) {
      own += f32(x[row * sizes.columns + column]);
    }
  }
  let total = column_sum(lane, own);
  if (lane < BLOCK && column < sizes.columns) {
    sum[workgroup.y * sizes.columns + column] = total;
  }
}
