// One update of numbers whose gradients lie in memory: of every parameter of the model in one dispatch, or of one.
//   gradient -> w and what the optimizer keeps, in place, all [4 quads]
// The update itself: shaders/step/optimizers/; there, too:
//   fn copy_weights(at: u32)  what is done with w[at] after its update
// Grid: linear over quads, four numbers a lane.  Host: src/kernels/optimizer.ts

alias Number = vec4f;

#include "lib/linear.wgsl"
#include "lib/step/optimizer.wgsl"

@group(0) @binding(BINDING_GRADIENT) var<storage, read> gradient: array<Number>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < sizes.quads && !skipped()) {
    begin_update();
    update(at, gradient[at]);
    copy_weights(at);
  }
}
