// Cosine and sine by the turn.

// (cos, sin) of `u` turns, 0 <= u < 1. WGSL allows its own cos and sin an error of 2^-11; this one stays within a few
// 2^-24, so that every adapter draws the same noise up to rounding. The quarter turn is taken out exactly; what is left,
// |t| <= pi/4, goes through the Taylor series (the first term left out is below 2^-28).
fn cos_sin_turns(u: f32) -> vec2f {
  let quarter = round(4.0 * u);
  let t = (u - 0.25 * quarter) * 6.283185307179586;
  let s = t * t;
  let sine = t * (1.0 - s / 6.0 * (1.0 - s / 20.0 * (1.0 - s / 42.0 * (1.0 - s / 72.0))));
  let cosine = 1.0 - s / 2.0 * (1.0 - s / 12.0 * (1.0 - s / 30.0 * (1.0 - s / 56.0 * (1.0 - s / 90.0))));
  switch u32(quarter) & 3u {
    case 0u: { return vec2f(cosine, sine); }
    case 1u: { return vec2f(-sine, cosine); }
    case 2u: { return vec2f(-cosine, -sine); }
    default: { return vec2f(sine, -cosine); }
  }
}
