// The vectors of the codebook that are nearest to the rows.
//   codebook [codes, columns], nearest [rows] -> y [rows, columns]
// Grid: linear over rows * columns.  Host: src/kernels/layers/quantize.ts
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> codebook: array<f32>;
@group(0) @binding(1) var<storage, read> nearest: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_index(workgroup, groups, lane);
  if (index < sizes.count) {
    let code = u32(nearest[index / sizes.columns]);
    y[index] = codebook[code * sizes.columns + index % sizes.columns];
  }
}
