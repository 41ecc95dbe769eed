// Standard normal numbers from Philox by Box-Muller.  Host twin: normalAt() in src/random.ts (equal up to rounding)
// Source: Box & Muller 1958.
#include "lib/random/philox.wgsl"
#include "lib/numbers/turns.wgsl"

// Standard normal number `index` of (key, stream, step): word index % 4 of counter (index / 4, step, 0, stream).
fn normal_at(key: vec2u, stream: u32, step: u32, index: u32) -> f32 {
  let words = philox(vec4u(index / 4u, step, 0u, stream), key);
  let pair = normal_pair(select(words.xy, words.zw, (index & 2u) != 0u));
  return select(pair.x, pair.y, (index & 1u) != 0u);
}

// Two standard normal numbers of two words.
fn normal_pair(words: vec2u) -> vec2f {
  // Near 1 WGSL's log may be off by 2^-21, more than is left of it: the square must not come out below zero.
  let square = max(-2.0 * log(open_unit(words.x)), 0.0);
  return sqrt(square) * cos_sin_turns(unit(words.y));
}
