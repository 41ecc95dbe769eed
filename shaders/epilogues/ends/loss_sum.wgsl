// End of an epilogue that adds up a term of the loss: its first stage, in a fixed order. lib/step/finish_step.wgsl does the
// second.
//   -> losses [workgroups]
#include "lib/reduce.wgsl"

@group(0) @binding(BINDING_LOSSES) var<storage, read_write> losses: array<f32>;

var<private> loss_sum: f32;  // of the elements that this lane has stored

fn end_epilogue(tile: u32, lane: u32) {
  let total = reduce_sum(lane, loss_sum);
  if (lane == 0u) {
    losses[tile] = total;
  }
}
