// The windows of a pooling along one axis of `size` numbers. Padding is at most half of the kernel, so that no window lies beside
// the map.  Host: src/kernels/layers/pooling.ts

struct Range {
  first: u32,
  end: u32,  // not included
}

// What of the axis window `out` covers, padding left out.
fn covered(out: u32, size: u32) -> Range {
  let first = out * sizes.stride;
  return Range(max(first, sizes.padding) - sizes.padding, min(first + sizes.kernel - sizes.padding, size));
}

// Which of `windows` windows cover place `at`.
fn covering(at: u32, windows: u32) -> Range {
  let padded = at + sizes.padding;
  var first = 0u;
  if (padded >= sizes.kernel) {
    first = (padded - sizes.kernel) / sizes.stride + 1u;
  }
  return Range(first, min(padded / sizes.stride + 1u, windows));
}
