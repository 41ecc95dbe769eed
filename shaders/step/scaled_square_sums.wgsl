// The squares of all gradients of a scaled loss, first stage: sums a workgroup, in a fixed order, of the gradients without the
// scale; and how many of them are infinite or not a number, by their bits (lib/numbers/finite.wgsl).
//   gradient [4 quads], progress -> sums [workgroups]: f32 x 2 (lib/square_sum.wgsl), a count, nothing
// Grid (at most 128, 1, 1): lanes stride over quads.  Second stage: unscale.wgsl.  Host: src/kernels/clip.ts
#include "lib/numbers/finite.wgsl"
#include "lib/reduce.wgsl"
#include "lib/square_sum.wgsl"
#include "lib/step/step.wgsl"

@group(0) @binding(0) var<storage, read> gradient: array<vec4u>;  // the bits of f32
@group(0) @binding(1) var<uniform> progress: Progress;
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let unscaled = 1.0 / progress.loss_scale;  // exact: a power of two
  var sum = vec2f();
  var bad = 0.0;
  for (var at = workgroup.x * WORKGROUP + lane; at < sizes.quads; at += groups.x * WORKGROUP) {
    let bits = gradient[at];
    sum += squares(unscaled * bitcast<vec4f>(bits));
    let finite = is_finite(bits.x) && is_finite(bits.y) && is_finite(bits.z) && is_finite(bits.w);
    bad += select(1.0, 0.0, finite);
  }
  let total = vec4f(reduce_sum(lane, sum.x), reduce_sum(lane, sum.y), reduce_sum(lane, bad), 0.0);
  if (lane == 0u) {
    sums[workgroup.x] = total;
  }
}
