// Activations, forward and as slopes, of a Number, f32 or vec4f, finite and without cancellation for every x up to 1e30.  Formulas: PyTorch's, with its
// defaults (leaky-relu 0.01, elu alpha 1, softplus beta 1, gelu the tanh form).  Host: src/kernels/activation.ts
#include "lib/numbers/log_one_plus.wgsl"
#include "lib/numbers/one_minus_exp.wgsl"
#include "lib/numbers/rate.wgsl"
#include "lib/numbers/sigmoid.wgsl"

override ACTIVATION: u32;  // an index into ACTIVATIONS of src/model/activations.ts

const ACTIVATION_RELU: u32 = 1u;
const ACTIVATION_SIGMOID: u32 = 2u;
const ACTIVATION_LEAKY_RELU: u32 = 3u;
const ACTIVATION_ELU: u32 = 4u;
const ACTIVATION_GELU: u32 = 5u;
const ACTIVATION_SILU: u32 = 6u;
const ACTIVATION_SOFTPLUS: u32 = 7u;
const ACTIVATION_TANH: u32 = 8u;
const ACTIVATION_EXP: u32 = 9u;

const LEAKY_SLOPE = 0.01;

fn activate(x: Number) -> Number {
  switch ACTIVATION {
    case ACTIVATION_RELU: { return max(x, Number(0.0)); }
    case ACTIVATION_SIGMOID: { return sigmoid(x); }
    case ACTIVATION_LEAKY_RELU: { return select(LEAKY_SLOPE * x, x, x > Number(0.0)); }
    // One of the two is 0, so neither the positive x nor exp(x) - 1 is rounded by the difference.
    case ACTIVATION_ELU: { return max(x, Number(0.0)) - one_minus_exp(max(-x, Number(0.0))); }
    case ACTIVATION_GELU: { return x * sigmoid(gelu_logit(gelu_range(x))); }
    case ACTIVATION_SILU: { return x * sigmoid(x); }
    case ACTIVATION_SOFTPLUS: { return max(x, Number(0.0)) + log_one_plus(exp(-abs(x))); }
    // WGSL's own tanh may be off by 1e-5, or overflow as sinh / cosh do.
    case ACTIVATION_TANH: { return sign(x) * one_minus_exp(2.0 * abs(x)) / (1.0 + exp(-2.0 * abs(x))); }
    case ACTIVATION_EXP: { return rate_of(x); }
    default: { return x; }
  }
}

// d activate(x) / dx, where `kept` is y = activate(x), or x itself for GELU, SiLU and exp (KEPT_FOR_GRADIENT
// of src/graph/activation.ts). At x = 0 ReLU's is 0 and leaky ReLU's 0.01, as in PyTorch; past its bound exp's is 0, as clamp's.
fn activation_slope(kept: Number) -> Number {
  switch ACTIVATION {
    case ACTIVATION_RELU: { return select(Number(0.0), Number(1.0), kept > Number(0.0)); }
    case ACTIVATION_SIGMOID: { return kept * (1.0 - kept); }
    case ACTIVATION_LEAKY_RELU: { return select(Number(LEAKY_SLOPE), Number(1.0), kept > Number(0.0)); }
    case ACTIVATION_ELU: { return min(kept, Number(0.0)) + 1.0; }
    case ACTIVATION_GELU: { return gelu_slope(gelu_range(kept)); }
    case ACTIVATION_SILU: { return sigmoid(kept) + kept * sigmoid_slope(kept); }
    // sigmoid(x) = 1 - exp(-softplus(x))
    case ACTIVATION_SOFTPLUS: { return one_minus_exp(kept); }
    case ACTIVATION_TANH: { return (1.0 - kept) * (1.0 + kept); }
    case ACTIVATION_EXP: { return select(rate_of(kept), Number(0.0), kept > Number(EXP_MOST)); }
    default: { return Number(1.0); }
  }
}

// GELU, x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), is x sigmoid(2 u).  Source: Hendrycks & Gimpel 2016.
const GELU_LINEAR = 1.5957691216057308;  // 2 sqrt(2 / pi)
const GELU_CUBIC = 0.044715 * GELU_LINEAR;

// From 12 on sigmoid(2 u) is 0 or 1 to beyond 1e-61, while x^3 would overflow.
fn gelu_range(x: Number) -> Number {
  return clamp(x, Number(-12.0), Number(12.0));
}

// 2 u
fn gelu_logit(x: Number) -> Number {
  return x * (GELU_LINEAR + GELU_CUBIC * x * x);
}

fn gelu_slope(x: Number) -> Number {
  let logit = gelu_logit(x);
  return sigmoid(logit) + x * (GELU_LINEAR + 3.0 * GELU_CUBIC * x * x) * sigmoid_slope(logit);
}
