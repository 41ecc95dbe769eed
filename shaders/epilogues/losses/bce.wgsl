// Part of the loss's epilogue: binary cross entropy of a logit, in nats, and its slope.
fn loss_and_slope(x: Number, wanted: Number) -> LossAndSlope {
  return LossAndSlope(bce_with_logits(x, wanted), sigmoid(x) - wanted);
}
