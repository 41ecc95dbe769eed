// Philox4x32-10, a counter-based random number generator: (counter, key) -> four uniform u32, with no state.
// Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".  Host twin: src/random.ts (bit-equal)

// The fourth counter word says what a number is drawn for: STREAM in src/random.ts, whence noise kernels get theirs.
const STREAM_SHUFFLE: u32 = 3u;

const PHILOX_MULTIPLIER_0: u32 = 0xd2511f53u;
const PHILOX_MULTIPLIER_1: u32 = 0xcd9e8d57u;
const PHILOX_WEYL: vec2u = vec2u(0x9e3779b9u, 0xbb67ae85u);

// High 32 bits of a * b from 16-bit halves: WGSL has no 64-bit integers.
fn multiply_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let cross = a_low * b_high + (middle & 0xffffu);
  return a_high * b_high + (middle >> 16u) + (cross >> 16u);
}

fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var x = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let high_0 = multiply_high(PHILOX_MULTIPLIER_0, x.x);
    let high_1 = multiply_high(PHILOX_MULTIPLIER_1, x.z);
    x = vec4u(high_1 ^ x.y ^ k.x, PHILOX_MULTIPLIER_1 * x.z, high_0 ^ x.w ^ k.y, PHILOX_MULTIPLIER_0 * x.x);
    k += PHILOX_WEYL;
  }
  return x;
}

// A u32 as a number in [0, 1): its upper 24 bits, exact in f32.
fn unit(word: u32) -> f32 {
  return f32(word >> 8u) * 0x1p-24;
}

// A u32 as a number in (0, 1), never 0 nor 1: its upper 23 bits and a half, exact in f32. Safe to take the log of.
fn open_unit(word: u32) -> f32 {
  return (f32(word >> 9u) + 0.5) * 0x1p-23;
}
