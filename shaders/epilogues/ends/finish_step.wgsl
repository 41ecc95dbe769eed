// End of an epilogue whose first workgroup also ends the step: all parts of the losses are there, and nothing of what it
// writes is read before the next step.
#include "lib/step/finish_step.wgsl"

fn end_epilogue(tile: u32, lane: u32) {
  if (tile == 0u) {
    finish_step(lane);
  }
}
