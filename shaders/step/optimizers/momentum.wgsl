// Part of an optimizer: steps follow m = momentum m + direction, or, with NESTEROV, direction + momentum m.
//   m as w, 0 before the first step: then it is the direction, as PyTorch's buffer
// Source: Sutskever et al. 2013 in the form of torch.optim.SGD and RMSprop, dampening 0.

override NESTEROV: bool;

@group(0) @binding(BINDING_M) var<storage, read_write> m: array<Number>;

fn velocity(at: u32, direction: Number) -> Number {
  let next = settings.momentum * m[at] + direction;
  m[at] = next;
  if (NESTEROV) {
    return direction + settings.momentum * next;
  }
  return next;
}
