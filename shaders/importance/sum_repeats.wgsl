// The sum of each row's repetitions: the gradient of repeat_rows.wgsl. Only the unfused plan runs this.
//   x [rows * times, columns] -> sum [rows, columns]
// Grid: linear over count = rows * columns.  Host: src/kernels/losses/importance.ts

alias Number = f32;

#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> sum: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // sum[row, column]
  if (at < sizes.count) {
    let first = at / sizes.columns * sizes.times * sizes.columns + at % sizes.columns;
    var total = 0.0;
    for (var time = 0u; time < sizes.times; time++) {
      total += x[first + time * sizes.columns];
    }
    sum[at] = stored(total);
  }
}
