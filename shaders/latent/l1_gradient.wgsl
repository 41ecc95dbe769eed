// d |z| / d z times the row's weight: its sign, 0 at 0, as in PyTorch.
//   weight [batch], z [batch, columns] -> dz [batch, columns]
// Grid: linear over count = batch * columns.  Host: src/kernels/losses/sparsity.ts
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read_write> dz: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // z[row, column]
  if (at < sizes.count) {
    dz[at] = weight[at / sizes.columns] * sign(z[at]);
  }
}
