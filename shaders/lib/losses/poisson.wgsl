// The negative log likelihood of a count x >= 0, not necessarily whole, of which the log rate is l, in nats:
//   exp(l) - x l + log x!  =  x (exp(t) - 1 - t) + rest(x),  t = l - log x,  rest(x) = log x! - x log x + x
// The second form has no large numbers that cancel: the first term is how far the rate is from the count, and rest is about
// log(2 pi x) / 2. Past EXP_MOST it goes on with the slope that it has there, so that it is finite for every l and still leads
// back.  Source: Loader 2000, "Fast and Accurate Computation of Binomial Probabilities".
#include "lib/numbers/one_minus_exp.wgsl"
#include "lib/numbers/rate.wgsl"

const HALF_LOG_TWO_PI = 0.9189385332046727;
const LEAST_NORMAL = 0x1p-126;

// Stirling's series, from x = 5 on (the first term left out, 1 / (1680 x^7), is below 1e-8); below 8 of x + 4, from which
// (x + 1) ... (x + 4) lead back to x!.
fn rest_of_count(x: Number, log_x: Number) -> Number {
  let small = x < Number(8.0);
  let z = select(x, x + 4.0, small);
  let log_z = log(z);
  let q = 1.0 / (z * z);
  let rest = HALF_LOG_TWO_PI + 0.5 * log_z + (1.0 / 12.0 - q * (1.0 / 360.0 - q / 1260.0)) / z;
  let product = (x + 1.0) * (x + 2.0) * (x + 3.0) * (x + 4.0);
  return select(rest, rest + z * log_z - x * log_x - 4.0 - log(select(Number(1.0), product, small)), small);
}

fn poisson_nll(l: Number, x: Number) -> Number {
  let bounded = min(l, Number(EXP_MOST));
  let rate = rate_of(l);
  let log_x = log(max(x, Number(LEAST_NORMAL)));  // of x = 0 only x log x counts
  let t = bounded - log_x;
  let near = min(t, Number(EXP_MOST));  // t itself from a count of 1 on
  let away = one_minus_exp(abs(near));  // exp(t) - 1 is that times exp(t), or less
  let distance = x * (select(-away, exp(near) * away, near > Number(0.0)) - t);
  let below_one = rate - x - x * t;
  return select(distance, below_one, x < Number(1.0)) + rest_of_count(x, log_x) + (l - bounded) * (rate - x);
}
