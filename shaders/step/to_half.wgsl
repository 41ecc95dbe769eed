// y = x in half precision: a weight as matmuls read it; the optimizer goes on with x.
//   x [count] f32 -> y [count] f16
// Grid: linear over count.  Host: src/kernels/elementwise.ts

alias Number = f32;

#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < sizes.count) {
    y[at] = stored(x[at]);
  }
}
