// Where a keyed permutation of 0..count-1 sends a position: a Feistel network over the next even power of two (at least
// 64), walked until the result falls below count. No table: a shuffled epoch costs no memory and no upload.
// Source: Black & Rogaway 2002, "Ciphers with arbitrary finite domains".  Host twin: permute() in src/random.ts (bit-equal)
#include "lib/random/philox.wgsl"

fn permute(position: u32, count: u32, key: vec2u, epoch: u32) -> u32 {
  let first = philox(vec4u(0u, epoch, 0u, STREAM_SHUFFLE), key);
  let second = philox(vec4u(1u, epoch, 0u, STREAM_SHUFFLE), key);
  var round_keys = array<u32, 8>(first.x, first.y, first.z, first.w, second.x, second.y, second.z, second.w);
  var half_bits = 3u;  // with fewer bits the rounds would mix too little: some orders would be favoured
  while ((1u << (2u * half_bits)) < count) {
    half_bits++;
  }
  let mask = (1u << half_bits) - 1u;
  var at = position;
  loop {
    var left = at >> half_bits;
    var right = at & mask;
    for (var round = 0u; round < 8u; round++) {
      let mixed = right ^ round_keys[round];
      let f = multiply_high(PHILOX_MULTIPLIER_0, mixed) ^ (PHILOX_MULTIPLIER_0 * mixed);
      let next = (left ^ f) & mask;
      left = right;
      right = next;
    }
    at = (left << half_bits) | right;
    if (at < count) {
      break;
    }
  }
  return at;
}
