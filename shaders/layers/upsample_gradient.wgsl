// dx of upsample.wgsl: the sum of dy over all that this number is a part of.
//   dy [examples * factor^2 * height * width, channels] -> dx [examples * height * width, channels]
// Grid: linear over dx's count.  Host: src/kernels/layers/pooling.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/maps/map_place.wgsl"
#include "lib/maps/upsample.wgsl"

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
  var sum = 0.0;
  for (var row = first_of(place.row); row < end_of(place.row, sizes.height); row++) {
    let of_row = weight_of(place.row, between(row, sizes.height));
    for (var column = first_of(place.column); column < end_of(place.column, sizes.width); column++) {
      let weight = of_row * weight_of(place.column, between(column, sizes.width));
      let large = Place(place.example, row, column, place.channel);
      sum += weight * dy[index_of(large, sizes.factor * sizes.height, sizes.factor * sizes.width, sizes.channels)];
    }
  }
  dx[at] = stored(sum);
}
