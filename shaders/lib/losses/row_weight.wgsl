// The gradient of the loss, scaled as gradients of this step are, with respect to one row of one of its terms.
#include "lib/step/step.wgsl"

// The numbers of TERM_CODES in src/kernels/losses/loss.ts.
const TERM_RECONSTRUCTION: u32 = 0u;
const TERM_KL: u32 = 1u;
const TERM_L1: u32 = 2u;
const TERM_SPARSITY: u32 = 3u;

fn term_weight(settings: Settings, progress: Progress, term: u32) -> f32 {
  switch term {
    case TERM_KL: { return settings.kl_weight * progress.kl_factor; }
    case TERM_L1: { return settings.l1_weight; }
    case TERM_SPARSITY: { return settings.sparsity_weight; }
    default: { return settings.reconstruction_weight; }
  }
}

fn row_weight(row: u32, progress: Progress, settings: Settings, term: u32) -> f32 {
  let weight = term_weight(settings, progress, term) * progress.row_scale * progress.loss_scale;
  return select(0.0, weight, row < progress.rows);
}
