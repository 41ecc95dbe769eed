// Part of an optimizer: gradients times what step/clip_scale.wgsl found for all of them together.
//   clip [1]

@group(0) @binding(BINDING_CLIP) var<storage, read> clip: f32;

fn clipped(gradient: Number) -> Number {
  return clip * gradient;
}

fn skipped() -> bool {
  return false;
}
