// Adam: m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, w -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps), t = updates + 1.
// AdamW: before that, w -= lr weight_decay w.
//   m, v as w
// Source: Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2; eps outside the root and correction as in
// torch.optim.Adam and AdamW.
#include "lib/numbers/one_minus_exp.wgsl"

@group(0) @binding(BINDING_M) var<storage, read_write> m: array<Number>;
@group(0) @binding(BINDING_V) var<storage, read_write> v: array<Number>;

// The same for every number of a step.
var<private> rate: f32;
var<private> step_size: Number;        // lr / (1 - b1^t)
var<private> root_correction: Number;  // sqrt(1 - b2^t)

fn begin_update() {
  let t = f32(progress.updates + 1u);
  rate = learning_rate();
  step_size = rate / one_minus_exp(Number(-t * settings.log_beta1));
  root_correction = sqrt(one_minus_exp(Number(-t * settings.log_beta2)));
}

fn update(at: u32, gradient: Number) {
  let g = penalized(gradient, at);
  var weight = w[at];
  if (WEIGHT_DECAY == WEIGHT_DECAY_DECOUPLED) {
    // Not (1 - rate decay) w: of a decay of 1e-5, f32 keeps too few digits beside 1.
    weight -= rate * settings.weight_decay * weight;
  }
  let mean = settings.beta1 * m[at] + settings.one_minus_beta1 * g;
  let square = settings.beta2 * v[at] + settings.one_minus_beta2 * g * g;
  m[at] = mean;
  v[at] = square;
  w[at] = weight - step_size * mean / (sqrt(square) / root_correction + settings.epsilon);
}
