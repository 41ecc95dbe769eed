// The end of a step as a dispatch of its own, for plans that have no matmul to do it in (shaders/epilogues/ends/).
// What it does: lib/step/finish_step.wgsl. The host appends what becomes of the loss scale, shaders/step/finish/.
// Grid (1, 1, 1).  Host: src/kernels/finish-step.ts
#include "lib/step/step.wgsl"
#include "lib/step/finish_step.wgsl"

@group(0) @binding(BINDING_SETTINGS) var<uniform> settings: Settings;
@group(0) @binding(BINDING_PROGRESS) var<uniform> progress: Progress;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  finish_step(lane);
  if (lane == 0u) {
    adjust_loss_scale();
  }
}
