// The squares of all gradients, second stage, and what each gradient is multiplied by so that their norm does not exceed
// settings.clip_norm: min(1, clip_norm / (norm + 1e-6)).
//   sums [parts] (f32 x 2) -> clip [1]
// Grid (1, 1, 1).  First stage: square_sums.wgsl.  Host: src/kernels/clip.ts
// Source: Pascanu et al. 2013; torch.nn.utils.clip_grad_norm_.
#include "lib/reduce.wgsl"
#include "lib/square_sum.wgsl"
#include "lib/step/step.wgsl"

@group(0) @binding(0) var<storage, read> sums: array<vec2f>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<storage, read_write> clip: f32;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = vec2f();
  for (var part = lane; part < sizes.parts; part += WORKGROUP) {
    sum += sums[part];
  }
  let total = vec2f(reduce_sum(lane, sum.x), reduce_sum(lane, sum.y));
  if (lane == 0u) {
    clip = clip_scale(total, settings.clip_norm);
  }
}
