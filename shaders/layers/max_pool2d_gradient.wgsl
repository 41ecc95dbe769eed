// dx of max_pool2d.wgsl: the sum of dy over the windows whose largest number stands here; they are looked through again, so nothing
// is kept and nothing is added atomically.
//   dy [examples * out_height * out_width, channels], x [examples * height * width, channels] -> dx like x
// Grid: linear over x's count.  Host: src/kernels/layers/pooling.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/maps/max_pool.wgsl"

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<Stored>;

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
      if (largest(window).at == at) {
        sum += dy[index_of(window, sizes.out_height, sizes.out_width, sizes.channels)];
      }
    }
  }
  dx[at] = stored(sum);
}
