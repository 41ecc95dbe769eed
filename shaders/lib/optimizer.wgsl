// What every optimizer's kernel begins with: one lane treats four numbers of the flat buffers.
//   gradient -> w in place, both [4 QUADS]; the optimizer's own state is laid out alike
// The host appends `fn clipped(gradient: vec4f) -> vec4f` (shaders/optimizers/), and constants BINDING_* for the bindings
// that not every variant has.  Host: src/kernels/optimizer.ts
#include "lib/linear.wgsl"
#include "lib/step.wgsl"

override QUADS: u32;
override WEIGHT_DECAY: u32;  // WEIGHT_DECAY_*

const WEIGHT_DECAY_NONE: u32 = 0u;
const WEIGHT_DECAY_L2: u32 = 1u;         // its gradient is added to the loss's
const WEIGHT_DECAY_DECOUPLED: u32 = 2u;  // the weight shrinks by itself, as in AdamW

@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<storage, read> progress: Progress;
@group(0) @binding(3) var<storage, read_write> w: array<vec4f>;

// This step's.
fn learning_rate() -> f32 {
  return settings.learning_rate * progress.rate_factor;
}

// What the optimizer takes for the gradient: clipped first, then with the L2 penalty's, as in PyTorch.
fn penalized_gradient(at: u32) -> vec4f {
  let of_loss = clipped(gradient[at]);
  if (WEIGHT_DECAY == WEIGHT_DECAY_L2) {
    return of_loss + settings.weight_decay * w[at];
  }
  return of_loss;
}
