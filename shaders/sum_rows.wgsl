// The sum of each column: a bias's gradient. Only the unfused plan runs this.
//   x [rows, columns] -> sum [columns]
// Grid: linear over columns.  Host: src/kernels/elementwise.ts
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read_write> sum: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let column = linear_index(workgroup, groups, lane);
  if (column < sizes.columns) {
    var total = 0.0;
    for (var row = 0u; row < sizes.rows; row++) {
      total += f32(x[row * sizes.columns + column]);
    }
    sum[column] = total;
  }
}
