// What the learning rate and the KL term's weight are multiplied by in a step, from its number alone. The formulas and
// their sources are in src/model/learning-rate.ts (rateFactor, klFactor: the host's twins, equal up to rounding).
#include "lib/step/step.wgsl"
#include "lib/numbers/turns.wgsl"

// An index into SCHEDULES there.
const SCHEDULE_STEP: u32 = 1u;
const SCHEDULE_COSINE: u32 = 2u;

// `step` counts from 0.
fn rate_factor(settings: Settings, step: u32) -> f32 {
  if (step < settings.warmup) {
    return f32(step + 1u) / f32(settings.warmup);
  }
  let t = step - settings.warmup;
  switch settings.schedule {
    case SCHEDULE_STEP: {
      // WGSL's pow is less exact, and its log would lose what the host's has.
      return exp(f32(t / settings.schedule_steps) * settings.log_schedule_factor);
    }
    case SCHEDULE_COSINE: {
      // (1 + cos(pi t / T)) / 2 = sin^2(pi/2 (T - t) / T), which loses no digits where it comes near 0.
      let left = settings.schedule_steps - min(t, settings.schedule_steps);
      let sine = cos_sin_turns(0.25 * f32(left) / f32(settings.schedule_steps)).y;
      return settings.schedule_floor + (1.0 - settings.schedule_floor) * sine * sine;
    }
    default: { return 1.0; }
  }
}

fn kl_factor(settings: Settings, step: u32) -> f32 {
  if (step < settings.kl_warmup) {
    return f32(step) / f32(settings.kl_warmup);
  }
  return 1.0;
}
