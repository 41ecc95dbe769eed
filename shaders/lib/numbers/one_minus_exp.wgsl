// 1 - exp(-a) for a >= 0, without the cancellation near 0 that would put 1 - 0.999^1 off by 1e-5.

// Up to a = 1/2 the series, its first term left out below 2^-26 of the result.
fn one_minus_exp(a: Number) -> Number {
  let near = min(a, Number(0.5));
  let series = near * (1.0 - near / 2.0 * (1.0 - near / 3.0 * (1.0 - near / 4.0 * (1.0 - near / 5.0 * (1.0 - near / 6.0 * (1.0 - near / 7.0 * (1.0 - near / 8.0)))))));
  return select(series, 1.0 - exp(-a), a > Number(0.5));
}
