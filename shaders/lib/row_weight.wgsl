// The gradient of the loss with respect to one row of one of its terms.
#include "lib/step.wgsl"

// An index into LOSS_TERMS of src/kernels/loss.ts.
const TERM_RECONSTRUCTION: u32 = 0u;
const TERM_KL: u32 = 1u;

fn row_weight(row: u32, live_rows: u32, settings: Settings, term: u32) -> f32 {
  let weight = select(settings.kl_weight, settings.reconstruction_weight, term == TERM_RECONSTRUCTION);
  return select(0.0, weight, row < live_rows);
}
