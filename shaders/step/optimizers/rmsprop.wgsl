// RMSprop: v = a v + (1-a) g^2, w -= lr g / (sqrt(v) + eps); with momentum w -= lr velocity of that quotient, which the
// file of that name says.
//   v as w
// Source: Hinton's lecture 6e, 2012, in the form of torch.optim.RMSprop, not centred.

@group(0) @binding(BINDING_V) var<storage, read_write> v: array<Number>;

fn begin_update() {}

fn update(at: u32, gradient: Number) {
  let g = penalized(gradient, at);
  let square = settings.beta2 * v[at] + settings.one_minus_beta2 * g * g;
  v[at] = square;
  w[at] -= learning_rate() * velocity(at, g / (sqrt(square) + settings.epsilon));
}
