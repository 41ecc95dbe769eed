// The formulas of the Gaussian code and of cross entropy, each once: kernels that run one of them and kernels that fuse several
// call these.  Source: Kingma & Welling 2014, section 3 and appendix B.
#include "lib/log_one_plus.wgsl"

// Binary cross entropy of target x in 0..1 against logit l, in nats: -x log(sigmoid(l)) - (1-x) log(1-sigmoid(l)),
// written so that it is finite for every l.
fn bce_with_logits(l: f32, x: f32) -> f32 {
  return max(l, 0.0) - l * x + log_one_plus(exp(-abs(l)));
}

// KL(N(mu, exp(log_var)) || N(0, 1)) of one dimension, in nats.
fn kl_normal(mu: f32, log_var: f32) -> f32 {
  return 0.5 * (mu * mu + exp(log_var) - 1.0 - log_var);
}

// d kl_normal / d (mu, log_var)
fn kl_normal_gradient(mu: f32, log_var: f32) -> vec2f {
  return vec2f(mu, 0.5 * (exp(log_var) - 1.0));
}

// z = mu + eps sigma
fn reparameterize(mu: f32, log_var: f32, eps: f32) -> f32 {
  return mu + eps * exp(0.5 * log_var);
}

// d z / d (mu, log_var)
fn reparameterize_gradient(log_var: f32, eps: f32) -> vec2f {
  return vec2f(1.0, 0.5 * eps * exp(0.5 * log_var));
}
