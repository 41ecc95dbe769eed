// The squares of all gradients, first stage: sums a workgroup, in a fixed order.
//   gradient [4 quads] -> sums [workgroups] (f32 x 2, see lib/square_sum.wgsl)
// Grid (at most 128, 1, 1): lanes stride over quads.  Second stage: clip_scale.wgsl.  Host: src/kernels/clip.ts
#include "lib/reduce.wgsl"
#include "lib/square_sum.wgsl"

@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> sums: array<vec2f>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  var sum = vec2f();
  for (var at = workgroup.x * WORKGROUP + lane; at < sizes.quads; at += groups.x * WORKGROUP) {
    sum += squares(gradient[at]);
  }
  let total = vec2f(reduce_sum(lane, sum.x), reduce_sum(lane, sum.y));
  if (lane == 0u) {
    sums[workgroup.x] = total;
  }
}
