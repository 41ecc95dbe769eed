// 1 - exp(-a) for a >= 0, without the cancellation near 0 that would put 1 - 0.999^1 off by 1e-5.

// Up to a = 1/2 the series, its first term left out below 2^-26 of the result.
fn one_minus_exp(a: f32) -> f32 {
  if (a > 0.5) {
    return 1.0 - exp(-a);
  }
  return a * (1.0 - a / 2.0 * (1.0 - a / 3.0 * (1.0 - a / 4.0 * (1.0 - a / 5.0 * (1.0 - a / 6.0 * (1.0 - a / 7.0 * (1.0 - a / 8.0)))))));
}
