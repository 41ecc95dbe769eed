// f16 holds up to 65504. What WGSL makes of more is left open (the largest number, infinity); here it is infinity, by its bits,
// so that who looks for an overflow finds it.

const LARGEST_HALF: f32 = 65504.0;

var<private> infinite_bits: u32 = 0x7c007c00u;  // no constant: WGSL refuses one that is infinite

fn infinite_half() -> f16 {
  return bitcast<vec2<f16>>(infinite_bits).x;
}
