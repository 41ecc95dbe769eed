// The mean of each window of a feature map; what is padded counts as zeros.
//   x [examples * height * width, channels] -> y [examples * out_height * out_width, channels]
// Grid: linear over y's count.  Host: src/kernels/layers/pooling.ts  Source: torch.nn.AvgPool2d.

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/maps/map_place.wgsl"
#include "lib/maps/pool.wgsl"

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
  let window = place_of(at, sizes.out_height, sizes.out_width, sizes.channels);
  let rows = covered(window.row, sizes.height);
  let columns = covered(window.column, sizes.width);
  var sum = 0.0;
  for (var row = rows.first; row < rows.end; row++) {
    for (var column = columns.first; column < columns.end; column++) {
      let place = Place(window.example, row, column, window.channel);
      sum += x[index_of(place, sizes.height, sizes.width, sizes.channels)];
    }
  }
  y[at] = stored(sum / f32(sizes.kernel * sizes.kernel));
}
