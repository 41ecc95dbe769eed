// Activations, forward and as gradients in terms of their own output.  Host: src/kernels/elementwise.ts
#include "lib/sigmoid.wgsl"

override ACTIVATION: u32;  // an index into ACTIVATIONS of src/model/spec.ts

const ACTIVATION_RELU: u32 = 1u;
const ACTIVATION_SIGMOID: u32 = 2u;

fn activate(x: f32) -> f32 {
  switch ACTIVATION {
    case ACTIVATION_RELU: { return max(x, 0.0); }
    case ACTIVATION_SIGMOID: { return sigmoid(x); }
    default: { return x; }
  }
}

// d activate(x) / dx where y = activate(x). At x = 0 ReLU's is 0, as in PyTorch.
fn activation_slope(y: f32) -> f32 {
  switch ACTIVATION {
    case ACTIVATION_RELU: { return select(0.0, 1.0, y > 0.0); }
    case ACTIVATION_SIGMOID: { return y * (1.0 - y); }
    default: { return 1.0; }
  }
}
