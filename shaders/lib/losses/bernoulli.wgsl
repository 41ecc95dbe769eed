// KL(target || rho) between two Bernoulli distributions, in nats: how far a unit's mean activation is from the wanted one.
// Source: Ng 2011, "Sparse autoencoder", section 3.

// Both ends are kept off: a unit that never fires costs much, not infinitely much.
const RHO_MARGIN: f32 = 1e-6;

fn inside(rho: f32) -> f32 {
  return clamp(rho, RHO_MARGIN, 1.0 - RHO_MARGIN);
}

fn bernoulli_kl(wanted: f32, rho: f32) -> f32 {
  let r = inside(rho);
  return wanted * log(wanted / r) + (1.0 - wanted) * log((1.0 - wanted) / (1.0 - r));
}

// d bernoulli_kl / d rho
fn bernoulli_kl_slope(wanted: f32, rho: f32) -> f32 {
  let r = inside(rho);
  return (1.0 - wanted) / (1.0 - r) - wanted / r;
}
