// The formula of binary cross entropy, once: for the kernel of the loss alone and for the one with its gradient.
#include "lib/numbers/log_one_plus.wgsl"

// Binary cross entropy of target x in 0..1 against logit l, in nats: -x log(sigmoid(l)) - (1-x) log(1-sigmoid(l)),
// written so that it is finite for every l.
fn bce_with_logits(l: Number, x: Number) -> Number {
  return max(l, Number(0.0)) - l * x + log_one_plus(exp(-abs(l)));
}
