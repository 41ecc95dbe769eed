// How a kernel stores what it computes, one number at a time: in half precision.
#include "lib/half.wgsl"

alias Stored = f16;

fn stored(value: f32) -> Stored {
  return select(infinite_half(), f16(value), abs(value) <= LARGEST_HALF);
}
