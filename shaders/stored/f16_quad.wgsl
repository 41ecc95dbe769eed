// How a kernel stores what it computes, four numbers at a time: in half precision.
#include "lib/half.wgsl"

alias Stored = vec4h;

fn stored(value: vec4f) -> Stored {
  return select(vec4h(infinite_half()), vec4h(value), abs(value) <= vec4f(LARGEST_HALF));
}
