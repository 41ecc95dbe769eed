// d loss / d rho = the sum of the rows' weights times d KL(WANTED || rho) / d rho.
//   weight [rows], rho [columns] -> drho [columns]
// Grid: linear over columns.  Host: src/kernels/losses/sparsity.ts
#include "lib/losses/bernoulli.wgsl"
#include "lib/linear.wgsl"

override WANTED: f32;

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> rho: array<f32>;
@group(0) @binding(2) var<storage, read_write> drho: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let column = linear_index(workgroup, groups, lane);
  if (column >= sizes.columns) {
    return;
  }
  var weights = 0.0;
  for (var row = 0u; row < sizes.rows; row++) {
    weights += weight[row];
  }
  drho[column] = weights * bernoulli_kl_slope(WANTED, rho[column]);
}
