// The negative log likelihood of a number under a Gaussian whose standard deviation is trained, in nats:
//   r^2 / 2 + log sigma + log(2 pi) / 2,  r = (y - wanted) / sigma,  sigma = exp(log_sigma) + exp(LOG_SIGMA_FLOOR)
// Computed from log sigma, so that it is finite for every log_sigma.
// Source: Rybkin et al. 2021, "Simple and Effective VAE Training with Calibrated Decoders".
#include "lib/numbers/log_one_plus.wgsl"
#include "lib/numbers/sigmoid.wgsl"

const LOG_SIGMA_FLOOR = -15.0;  // of src/model/spec.ts
const HALF_LOG_TWO_PI = 0.9189385332046727;

struct Sigma {
  log: Number,
  inverse: Number,
  slope: Number,  // d log sigma / d log_sigma
}

fn sigma_of(log_sigma: f32) -> Sigma {
  let above = Number(log_sigma - LOG_SIGMA_FLOOR);
  let log = max(Number(log_sigma), Number(LOG_SIGMA_FLOOR)) + log_one_plus(exp(-abs(above)));
  return Sigma(log, exp(-log), sigmoid(above));
}

fn gaussian_nll(r: Number, sigma: Sigma) -> Number {
  return 0.5 * r * r + (sigma.log + HALF_LOG_TWO_PI);
}

// Its derivative by log_sigma.
fn log_sigma_slope(r: Number, sigma: Sigma) -> Number {
  return (1.0 - r * r) * sigma.slope;
}
