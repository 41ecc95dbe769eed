// How a kernel stores what it computes, one number at a time: in half precision.
#include "lib/numbers/half.wgsl"

alias Stored = f16;

fn stored(value: f32) -> Stored {
  let beyond = select(infinite_half(), -infinite_half(), value < 0.0);
  return select(beyond, f16(value), abs(value) <= LARGEST_HALF);
}
