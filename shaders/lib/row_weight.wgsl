// The gradient of the loss with respect to one row of one of its terms.
#include "lib/step.wgsl"

// An index into LOSS_TERMS of src/kernels/loss.ts.
const TERM_RECONSTRUCTION: u32 = 0u;
const TERM_KL: u32 = 1u;

fn row_weight(row: u32, progress: Progress, settings: Settings, term: u32) -> f32 {
  var weight = settings.reconstruction_weight;
  if (term == TERM_KL) {
    weight = settings.kl_weight * progress.kl_factor;
  }
  return select(0.0, weight * progress.row_scale, row < progress.rows);
}
