// How far each number is from a wanted one: y = |x - WANTED|.
//   x [count] -> y [count]
// Grid: linear over count.  Host: src/kernels/losses/distance.ts
#include "lib/linear.wgsl"

override WANTED: f32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < sizes.count) {
    y[at] = abs(x[at] - WANTED);
  }
}
