// The largest number of each window of a feature map; what is padded is less than any.
//   x [examples * height * width, channels] -> y [examples * out_height * out_width, channels]
// Grid: linear over y's count.  Host: src/kernels/layers/pooling.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/maps/max_pool.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at >= sizes.count) {
    return;
  }
  y[at] = stored(largest(place_of(at, sizes.out_height, sizes.out_width, sizes.channels)).value);
}
