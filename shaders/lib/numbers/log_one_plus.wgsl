// log(1 + v) for 0 <= v <= 1. WGSL's log(1 + v) loses v below 2^-24; the series log(1+v) = 2 atanh(v / (2+v)) does not.

// |s| <= 1/3, and the first term left out, 2 s^17 / 17, is below 2^-29.
fn log_one_plus(v: Number) -> Number {
  let s = v / (2.0 + v);
  let q = s * s;
  return 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q * (1.0 / 13.0 + q / 15.0)))))));
}
