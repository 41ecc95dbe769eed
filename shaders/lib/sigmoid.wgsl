// 1 / (1 + exp(-x)) for every x.

// Both branches of 1/(1+exp(-x)) keep the exponent negative, so nothing overflows.
fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}
