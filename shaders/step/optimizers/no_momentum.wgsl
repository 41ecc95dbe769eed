// Part of an optimizer: each step follows its own direction.

fn velocity(at: u32, direction: Number) -> Number {
  return direction;
}
