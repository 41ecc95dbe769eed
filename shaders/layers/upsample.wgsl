// A feature map, `factor` times as high and as wide: each number repeated, or between its neighbours.
//   x [examples * height * width, channels] -> y [examples * factor^2 * height * width, channels]
// Grid: linear over y's count.  Host: src/kernels/layers/pooling.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/maps/map_place.wgsl"
#include "lib/maps/upsample.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<Stored>;

fn x_at(place: Place, row: u32, column: u32) -> f32 {
  return x[index_of(Place(place.example, row, column, place.channel), sizes.height, sizes.width, sizes.channels)];
}

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
  let place = place_of(at, sizes.factor * sizes.height, sizes.factor * sizes.width, sizes.channels);
  let row = between(place.row, sizes.height);
  let column = between(place.column, sizes.width);
  if (!BILINEAR) {
    y[at] = stored(x_at(place, row.low, column.low));
    return;
  }
  let upper = mix(x_at(place, row.low, column.low), x_at(place, row.low, column.high), column.share);
  let lower = mix(x_at(place, row.high, column.low), x_at(place, row.high, column.high), column.share);
  y[at] = stored(mix(upper, lower, row.share));
}
