// f16 holds up to 65504. What WGSL makes of more is left open (the largest number, infinity); here it is infinity, so that who
// looks for an overflow finds it.

const LARGEST_HALF: f32 = 65504.0;

var<private> zero: f16 = 0.0h;  // no constant: WGSL refuses what would be infinite

// By a division: its bits would be bitcast<vec2h>(0x7c007c00u), which naga 27 takes for an f32.
fn infinite_half() -> f16 {
  return 1.0h / zero;
}
