// 1 / (1 + exp(-x)) and its slope, for every x.

// Both branches of 1/(1+exp(-x)) keep the exponent negative, so nothing overflows.
fn sigmoid(x: Number) -> Number {
  let e = exp(-abs(x));
  return select(e, Number(1.0), x >= Number(0.0)) / (1.0 + e);
}

// sigmoid(x) (1 - sigmoid(x)), without the difference that would lose all digits for large x.
fn sigmoid_slope(x: Number) -> Number {
  let e = exp(-abs(x));
  return e / ((1.0 + e) * (1.0 + e));
}
