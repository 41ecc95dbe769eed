// What every optimizer's kernel begins with: its parameter, this step's numbers, the gradient as the optimizer takes it.
// A Number is what goes through an update at once, f32 or vec4f (`alias Number`, which the including file or the host gives); the
// header has constants BINDING_* for the bindings, not all of which every variant has. The host appends
//   fn clipped(gradient: Number) -> Number                 shaders/step/optimizers/
//   fn skipped() -> bool                                   there, with it: whether this step updates nothing
//   fn velocity(at: u32, direction: Number) -> Number      there, of those that may have momentum
//   fn begin_update(), fn update(at: u32, gradient: Number)  there: the optimizer itself, in place
// Host: src/kernels/optimizer.ts
#include "lib/step/step.wgsl"

override WEIGHT_DECAY: u32;  // WEIGHT_DECAY_*

const WEIGHT_DECAY_NONE: u32 = 0u;
const WEIGHT_DECAY_L2: u32 = 1u;         // its gradient is added to the loss's
const WEIGHT_DECAY_DECOUPLED: u32 = 2u;  // the weight shrinks by itself, as in AdamW

@group(0) @binding(BINDING_SETTINGS) var<uniform> settings: Settings;
@group(0) @binding(BINDING_PROGRESS) var<uniform> progress: Progress;
@group(0) @binding(BINDING_W) var<storage, read_write> w: array<Number>;

// This step's.
fn learning_rate() -> f32 {
  return settings.learning_rate * progress.rate_factor;
}

// What the optimizer takes for the gradient: clipped first, then with the L2 penalty's, as in PyTorch.
fn penalized(gradient: Number, at: u32) -> Number {
  let of_loss = clipped(gradient);
  if (WEIGHT_DECAY == WEIGHT_DECAY_L2) {
    return of_loss + settings.weight_decay * w[at];
  }
  return of_loss;
}
