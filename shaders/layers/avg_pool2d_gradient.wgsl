// dx of avg_pool2d.wgsl: the share of every window that covers this place.
//   dy [examples * out_height * out_width, channels] -> dx [examples * height * width, channels]
// Grid: linear over dx's count.  Host: src/kernels/layers/pooling.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/maps/map_place.wgsl"
#include "lib/maps/pool.wgsl"

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<Stored>;

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
  let place = place_of(at, sizes.height, sizes.width, sizes.channels);
  let rows = covering(place.row, sizes.out_height);
  let columns = covering(place.column, sizes.out_width);
  var sum = 0.0;
  for (var row = rows.first; row < rows.end; row++) {
    for (var column = columns.first; column < columns.end; column++) {
      let window = Place(place.example, row, column, place.channel);
      sum += dy[index_of(window, sizes.out_height, sizes.out_width, sizes.channels)];
    }
  }
  dx[at] = stored(sum / f32(sizes.kernel * sizes.kernel));
}
