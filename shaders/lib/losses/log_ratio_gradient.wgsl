// The derivative of lib/losses/vae.wgsl's log_ratio.
#include "lib/losses/vae.wgsl"

// d log_ratio / d (mu, log_var): through z = mu + eps sigma and, as log q(z|x) = -eps^2 / 2 - log_var / 2 + constant, by itself.
fn log_ratio_gradient(mu: f32, log_var: f32, eps: f32) -> vec2f {
  let through_z = -reparameterize(mu, log_var, eps) * reparameterize_gradient(log_var, eps);
  return through_z + vec2f(0.0, select(0.5, 0.0, is_outside(log_var)));
}
