// Part of the loss's epilogue: the squared error of activation(x), and its slope in x.

override KEEPS_INPUT: bool;  // whether the activation's slope is told from x, not from activation(x)

fn loss_and_slope(x: Number, wanted: Number) -> LossAndSlope {
  let y = activate(x);
  let error = y - wanted;
  return LossAndSlope(error * error, 2.0 * error * activation_slope(select(y, x, KEEPS_INPUT)));
}
