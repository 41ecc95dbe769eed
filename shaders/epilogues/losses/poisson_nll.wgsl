// Part of the loss's epilogue: the negative log likelihood of a count from its log rate, in nats, and its slope.

fn loss_and_slope(x: Number, wanted: Number) -> LossAndSlope {
  return LossAndSlope(poisson_nll(x, wanted), rate_of(x) - wanted);
}
