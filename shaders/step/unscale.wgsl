// The squares of all gradients of a scaled loss, second stage, and what follows: what undoes the scale and, with CLIP, keeps
// their norm to settings.clip_norm as clip_scale.wgsl does; and whether any of them overflowed.
//   sums [parts] -> scaling
// Grid (1, 1, 1).  First stage: scaled_square_sums.wgsl.  Host: src/kernels/clip.ts
// Source: Micikevicius et al. 2018; torch.amp.GradScaler.unscale_.
#include "lib/reduce.wgsl"
#include "lib/step/scaling.wgsl"
#include "lib/square_sum.wgsl"
#include "lib/step/step.wgsl"

override CLIP: bool;

@group(0) @binding(0) var<storage, read> sums: array<vec4f>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<uniform> progress: Progress;
@group(0) @binding(3) var<storage, read_write> scaling: Scaling;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = vec2f();
  var bad = 0.0;
  for (var part = lane; part < sizes.parts; part += WORKGROUP) {
    sum += sums[part].xy;
    bad += sums[part].z;
  }
  let total = vec2f(reduce_sum(lane, sum.x), reduce_sum(lane, sum.y));
  let bad_in_all = reduce_sum(lane, bad);
  if (lane == 0u) {
    let clip = select(1.0, clip_scale(total, settings.clip_norm), CLIP);
    scaling = Scaling(clip / progress.loss_scale, select(0u, 1u, bad_in_all > 0.0));
  }
}
