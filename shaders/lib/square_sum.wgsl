// Sums of squares of numbers of any size. A square of 2^64 overflows, and WGSL may assume that nothing does; so two sums
// go along, after Blue 1978, "A portable Fortran program to find the Euclidean norm of a vector":
//   x: of the numbers, cut off at LARGE. If it is below LARGE^2 nothing was cut off.
//   y: of the numbers times 2^-80. If x is at least LARGE^2, what this loses to underflow (below 2^17) does not count.
// Either holds for up to 2^28 numbers: x stays below 2^126, y below 2^124.

const LARGE: f32 = 0x1p49;
const DOWN: f32 = 0x1p-80;

fn squares(value: vec4f) -> vec2f {
  let cut = min(abs(value), vec4f(LARGE));
  let small = DOWN * value;
  return vec2f(dot(cut, cut), dot(small, small));
}

// min(1, limit / (norm + 1e-6)) of the sums of all squares.  Source: torch.nn.utils.clip_grad_norm_, which this 1e-6 is of:
// whatever is lost to underflow, in numbers below 1e-19, does not count beside it.
fn clip_scale(sums: vec2f, limit: f32) -> f32 {
  if (sums.x < LARGE * LARGE) {
    return min(1.0, limit / (sqrt(sums.x) + 1e-6));
  }
  // limit / (2^80 sqrt(y)), in an order in which nothing overflows: sqrt(y) is 2^-31 to 2^62.
  return min(1.0, 0x1p-40 * ((0x1p-40 * limit) / sqrt(sums.y)));
}
