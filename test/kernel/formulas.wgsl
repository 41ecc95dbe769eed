// Test only: formulas of shaders/lib that kernels use inside larger ones, alone.
//   x [COUNT] -> logs [COUNT] = log_one_plus(x), directions [COUNT] (f32 x 2) = cos_sin_turns(x), sigmoids [COUNT]
// Grid: linear over COUNT.  Host: test/kernel/formulas.test.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/random/normal.wgsl"
#include "lib/numbers/sigmoid.wgsl"
#include "lib/numbers/log_one_plus.wgsl"

override COUNT: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> logs: array<f32>;
@group(0) @binding(2) var<storage, read_write> directions: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> sigmoids: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < COUNT) {
    logs[at] = log_one_plus(x[at]);
    directions[at] = cos_sin_turns(x[at]);
    sigmoids[at] = sigmoid(x[at]);
  }
}
