// Part of an optimizer: each step follows its own direction.

fn velocity(at: u32, direction: vec4f) -> vec4f {
  return direction;
}
