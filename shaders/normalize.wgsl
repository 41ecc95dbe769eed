// y = activation(weight (x - mean) / sqrt(variance + 1e-5) + bias), by the statistics of a batch, of a layer or of a group.
//   x [rows, columns], statistics [2, statistics], affine [2, columns] -> y [rows, columns]
// Grid: linear over count = rows * columns.  Host: src/kernels/normalize.ts
// Source: torch.nn.BatchNorm2d, torch.nn.LayerNorm, torch.nn.GroupNorm.

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/normalize.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> statistics: array<f32>;
@group(0) @binding(2) var<storage, read> affine: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < sizes.count) {
    let column = at % sizes.columns;
    y[at] = stored(activate(scaled(normal(at / sizes.columns, column).value, column)));
  }
}
