// One Adam update of four numbers.  Source: Kingma & Ba 2015; eps and correction as in torch.optim.Adam.
#include "lib/one_minus_exp.wgsl"
#include "lib/step.wgsl"

struct AdamState {
  w: vec4f,
  m: vec4f,
  v: vec4f,
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
