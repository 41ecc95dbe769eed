// Part of the loss's epilogue: binary cross entropy of a logit, in nats, and its slope.
fn loss_and_slope(x: f32, wanted: f32) -> vec2f {
  return vec2f(bce_with_logits(x, wanted), sigmoid(x) - wanted);
}
