// The formulas of the Gaussian code, each once: kernels that run one of them and kernels that fuse several call these.
// All take log_var as the encoder gives it and bound it to LOG_VAR_LOW..LOG_VAR_HIGH, so that exp(log_var) is finite; outside,
// its gradient is 0, at the bounds that of the inside (PyTorch's clamp).
// Host: src/kernels/losses/latent.ts  Source: Kingma & Welling 2014, section 3 and appendix B.

override LOG_VAR_LOW: f32;
override LOG_VAR_HIGH: f32;
// What of a dimension's KL divergence costs nothing, in nats; 0: all of it counts.
// Source: Kingma et al. 2016, "Improved Variational Inference with Inverse Autoregressive Flow", appendix C.8.
override FREE_BITS: f32 = 0.0;

fn is_outside(log_var: f32) -> bool {
  return log_var < LOG_VAR_LOW || log_var > LOG_VAR_HIGH;
}

// Comparisons and not clamp(): that makes a bound of NaN, which must reach the loss to be seen.
fn bounded(log_var: f32) -> f32 {
  let not_above = select(log_var, LOG_VAR_HIGH, log_var > LOG_VAR_HIGH);
  return select(not_above, LOG_VAR_LOW, log_var < LOG_VAR_LOW);
}

// KL(N(mu, exp(log_var)) || N(0, 1)) of one dimension, in nats.
fn whole_kl_normal(mu: f32, log_var: f32) -> f32 {
  let v = bounded(log_var);
  return 0.5 * (mu * mu + exp(v) - 1.0 - v);
}

// The same, but at least FREE_BITS. A NaN stays one.
fn kl_normal(mu: f32, log_var: f32) -> f32 {
  let kl = whole_kl_normal(mu, log_var);
  if (FREE_BITS > 0.0) {
    return select(kl, FREE_BITS, kl < FREE_BITS);
  }
  return kl;
}

// d kl_normal / d (mu, log_var)
fn kl_normal_gradient(mu: f32, log_var: f32) -> vec2f {
  if (FREE_BITS > 0.0 && whole_kl_normal(mu, log_var) < FREE_BITS) {
    return vec2f();
  }
  return vec2f(mu, select(0.5 * (exp(bounded(log_var)) - 1.0), 0.0, is_outside(log_var)));
}

// z = mu + eps sigma
fn reparameterize(mu: f32, log_var: f32, eps: f32) -> f32 {
  return mu + eps * exp(0.5 * bounded(log_var));
}

// d z / d (mu, log_var)
fn reparameterize_gradient(log_var: f32, eps: f32) -> vec2f {
  return vec2f(1.0, select(0.5 * eps * exp(0.5 * bounded(log_var)), 0.0, is_outside(log_var)));
}

// log N(z; 0, 1) - log N(z; mu, exp(log_var)) at z = mu + eps sigma
fn log_ratio(mu: f32, log_var: f32, eps: f32) -> f32 {
  let z = reparameterize(mu, log_var, eps);
  return 0.5 * (bounded(log_var) + eps * eps - z * z);
}
