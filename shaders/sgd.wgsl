// Stochastic gradient descent: w -= lr g; with momentum w -= lr velocity, which shaders/optimizers/ says.
//   gradient -> w (and m) in place, all [4 QUADS]; one dispatch for every parameter of the model
// Grid: linear over QUADS, four numbers a lane.  Host: src/kernels/optimizer.ts
// Source: torch.optim.SGD.
#include "lib/optimizer.wgsl"

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < QUADS) {
    w[at] -= learning_rate() * velocity(at, penalized_gradient(at));
  }
}
