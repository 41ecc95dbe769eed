// Damaged images for a denoising autoencoder, with fresh noise each step. Black is LOW, white LOW + SPAN; AMOUNT is meant
// for a picture of 0 to 1.
//   gaussian:   y = x + SPAN AMOUNT eps, not clipped
//   mask:       y = black with probability AMOUNT, else x
//   saltpepper: y = black or white with probability AMOUNT / 2 each, else x
//   x -> y, both [count] = [batch, pixels]
// Grid: linear over count / 4: a lane draws four numbers at once.  Host: src/kernels/layers/corrupt.ts; host twin: src/model/corrupt.ts
// Source: Vincent et al. 2010, "Stacked Denoising Autoencoders", section 3.3.
#include "lib/linear.wgsl"
#include "lib/random/normal.wgsl"
#include "lib/step/step.wgsl"

override KIND: u32;  // an index into CORRUPTIONS of src/model/spec.ts
override AMOUNT: f32;
override LOW: f32;
override SPAN: f32;

const KIND_GAUSSIAN: u32 = 0u;
const KIND_MASK: u32 = 1u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<uniform> progress: Progress;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// drawn: a standard normal number for KIND_GAUSSIAN, else one in [0, 1).
fn corrupt(value: f32, drawn: f32) -> f32 {
  if (KIND == KIND_GAUSSIAN) {
    return value + SPAN * AMOUNT * drawn;
  }
  if (KIND == KIND_MASK) {
    return select(value, LOW, drawn < AMOUNT);
  }
  return select(select(value, LOW + SPAN, drawn < AMOUNT), LOW, drawn < 0.5 * AMOUNT);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let quad = linear_index(workgroup, groups, lane);
  let words = philox(vec4u(quad, progress.step, 0u, sizes.stream), settings.key);
  var drawn = vec4f(unit(words.x), unit(words.y), unit(words.z), unit(words.w));
  if (KIND == KIND_GAUSSIAN) {
    drawn = vec4f(normal_pair(words.xy), normal_pair(words.zw));
  }
  for (var i = 0u; i < 4u; i++) {
    let at = 4u * quad + i;  // x[row, column]
    if (at < sizes.count) {
      y[at] = corrupt(x[at], drawn[i]);
    }
  }
}
