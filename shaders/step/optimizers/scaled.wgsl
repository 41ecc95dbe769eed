// Part of an optimizer: gradients of a scaled loss, times what step/unscale.wgsl found for all of them together.
#include "lib/step/scaling.wgsl"

@group(0) @binding(BINDING_SCALING) var<storage, read> scaling: Scaling;

fn clipped(gradient: Number) -> Number {
  return scaling.factor * gradient;
}

fn skipped() -> bool {
  return scaling.overflow == 1u;
}
