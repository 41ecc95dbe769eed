// Whether an f32 with these bits is a number: the exponent of infinity and of NaN is all ones. Bits, and not the float:
// WGSL may assume that floats are finite.

fn is_finite(bits: u32) -> bool {
  return (bits & 0x7f800000u) != 0x7f800000u;
}
