// One Adam update of four numbers.  Source: Kingma & Ba 2015; eps and correction as in torch.optim.Adam.
#include "lib/step.wgsl"

struct AdamState {
  w: vec4f,
  m: vec4f,
  v: vec4f,
}

// 1 - exp(-a) for a >= 0, without the cancellation near 0 that would put 1 - 0.999^1 off by 1e-5: below a = 1/2 the
// series, its first term left out below 2^-26 of the result.
fn one_minus_exp(a: f32) -> f32 {
  if (a > 0.5) {
    return 1.0 - exp(-a);
  }
  return a * (1.0 - a / 2.0 * (1.0 - a / 3.0 * (1.0 - a / 4.0 * (1.0 - a / 5.0 * (1.0 - a / 6.0 * (1.0 - a / 7.0 * (1.0 - a / 8.0)))))));
}

// `rate` is this step's learning rate; `step` counts the updates done before this one.
fn adam(state: AdamState, gradient: vec4f, settings: Settings, rate: f32, step: u32) -> AdamState {
  let t = f32(step + 1u);
  let m = settings.beta1 * state.m + settings.one_minus_beta1 * gradient;
  let v = settings.beta2 * state.v + settings.one_minus_beta2 * gradient * gradient;
  let step_size = rate / one_minus_exp(-t * settings.log_beta1);
  let denominator = sqrt(v) / sqrt(one_minus_exp(-t * settings.log_beta2)) + settings.epsilon;
  return AdamState(state.w - step_size * m / denominator, m, v);
}
