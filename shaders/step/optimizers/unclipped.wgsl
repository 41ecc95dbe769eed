// Part of an optimizer: gradients as they are.

fn clipped(gradient: Number) -> Number {
  return gradient;
}

fn skipped() -> bool {
  return false;
}
