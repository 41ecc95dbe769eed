// y = activation(x), element by element. Only the unfused plan runs this.
//   x -> y, both [count]
// Grid: linear over count.  Host: src/kernels/elementwise.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/numbers/activation.wgsl"

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
    y[at] = stored(activate(x[at]));
  }
}
