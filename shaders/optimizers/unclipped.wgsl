// Part of an optimizer: gradients as they are.

fn clipped(gradient: vec4f) -> vec4f {
  return gradient;
}
