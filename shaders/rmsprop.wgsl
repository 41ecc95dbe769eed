// RMSprop: v = a v + (1-a) g^2, w -= lr g / (sqrt(v) + eps); with momentum w -= lr velocity of that quotient, which
// shaders/optimizers/ says.
//   gradient -> w, v (and m) in place, all [4 QUADS]; one dispatch for every parameter of the model
// Grid: linear over QUADS, four numbers a lane.  Host: src/kernels/optimizer.ts
// Source: Hinton's lecture 6e, 2012, in the form of torch.optim.RMSprop, not centred.
#include "lib/optimizer.wgsl"

@group(0) @binding(4) var<storage, read_write> v: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < QUADS) {
    let g = penalized_gradient(at);
    let square = settings.beta2 * v[at] + settings.one_minus_beta2 * g * g;
    v[at] = square;
    w[at] -= learning_rate() * velocity(at, g / (sqrt(square) + settings.epsilon));
  }
}
