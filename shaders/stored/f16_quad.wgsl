// How a kernel stores what it computes, four numbers at a time: in half precision.
#include "lib/numbers/half.wgsl"

alias Stored = vec4h;

fn stored(value: vec4f) -> Stored {
  let beyond = select(vec4h(infinite_half()), vec4h(-infinite_half()), value < vec4f());
  return select(beyond, vec4h(value), abs(value) <= vec4f(LARGEST_HALF));
}
