// Part of the end of a step whose gradients were scaled: after one that overflowed the scale is halved, after GROWTH_INTERVAL
// steps in a row that did not it is doubled. The largest is far from where the scale itself, or a gradient's share of it,
// would overflow f32. An overflow at the smallest is not the scale's: no later step would do better, and the host is told.
// Source: Micikevicius et al. 2018, "Mixed precision training", 3.2; numbers of torch.amp.GradScaler.
//   scaling: step/unscale.wgsl; metrics: lib/step/finish_step.wgsl, of which the step's last column becomes OVERFLOWS_ANYWAY

#include "lib/step/scaling.wgsl"

const GROWTH_INTERVAL: u32 = 2000u;
const SMALLEST: f32 = 0x1p-24;
const LARGEST_SCALE: f32 = 0x1p24;
const OVERFLOWS_ANYWAY: f32 = -1.0;

@group(0) @binding(BINDING_SCALING) var<storage, read> scaling: Scaling;

fn adjust_loss_scale() {
  if (scaling.overflow == 1u) {
    let not_finite = metrics_entry() + sizes.terms;
    if (counters.loss_scale <= SMALLEST && metrics[not_finite] == 0.0) {
      metrics[not_finite] = OVERFLOWS_ANYWAY;
    }
    counters.loss_scale = max(0.5 * counters.loss_scale, SMALLEST);
    counters.good = 0u;
    counters.skipped += 1u;
    return;
  }
  counters.good += 1u;
  if (counters.good == GROWTH_INTERVAL) {
    counters.loss_scale = min(2.0 * counters.loss_scale, LARGEST_SCALE);
    counters.good = 0u;
  }
}
