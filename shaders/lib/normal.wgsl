// Standard normal numbers from Philox by Box-Muller.  Host twin: normalAt() in src/random.ts (equal up to rounding)
// Source: Box & Muller 1958.
#include "lib/philox.wgsl"

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

// Standard normal number `index` of (key, stream, step): word index % 4 of counter (index / 4, step, 0, stream).
fn normal_at(key: vec2u, stream: u32, step: u32, index: u32) -> f32 {
  let words = philox(vec4u(index / 4u, step, 0u, stream), key);
  let second_pair = (index & 2u) != 0u;
  // Near 1 WGSL's log may be off by 2^-21, more than is left of it: the square must not come out below zero.
  let square = max(-2.0 * log(open_unit(select(words.x, words.z, second_pair))), 0.0);
  let direction = cos_sin_turns(unit(select(words.y, words.w, second_pair)));
  return sqrt(square) * select(direction.x, direction.y, (index & 1u) != 0u);
}
