// A step's progress, from the counters alone.
#include "lib/step/learning_rate.wgsl"
#include "lib/step/step.wgsl"

fn rows_of_batch(counters: Counters, settings: Settings) -> u32 {
  return min(settings.batch, settings.examples - counters.start);
}

fn progress_of(counters: Counters, settings: Settings) -> Progress {
  let rows = rows_of_batch(counters, settings);
  return Progress(
    counters.step,
    rows,
    rate_factor(settings, counters.step),
    kl_factor(settings, counters.step),
    select(1.0, 1.0 / f32(rows), settings.mean == 1u),
    counters.loss_scale,
    counters.step - counters.skipped,
  );
}
