// The mean and the variance of each group of an example's columns, in two passes.
//   x [examples * statistic_rows, columns] -> statistics [2, examples * groups], means first
// Grid (groups, examples, 1): a workgroup each, its lanes stride over rows and columns.  Host: src/kernels/layers/normalize.ts
// Source: Wu & He 2018, "Group Normalization"; Ba et al. 2016, "Layer Normalization".
#include "lib/norm/group.wgsl"
#include "lib/reduce.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> statistics: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let count = sizes.statistic_rows * sizes.group_columns;
  var own = 0.0;
  for (var item = lane; item < count; item += WORKGROUP) {
    own += x[element_of(workgroup, item)];
  }
  let mean = reduce_sum(lane, own) / f32(count);
  own = 0.0;
  for (var item = lane; item < count; item += WORKGROUP) {
    let distance = x[element_of(workgroup, item)] - mean;
    own += distance * distance;
  }
  let squares = reduce_sum(lane, own);
  if (lane == 0u) {
    let index = workgroup.y * sizes.groups + workgroup.x;
    statistics[index] = mean;
    statistics[sizes.statistics + index] = squares / f32(count);
  }
}
