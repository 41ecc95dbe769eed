// Which numbers of an axis those of an axis `factor` times as long are made of.  Host: src/kernels/layers/pooling.ts
// Source: torch.nn.Upsample, align_corners=False.

override BILINEAR: bool;

// (1 - share) times the number at low, and share times that at high.
struct Between {
  low: u32,
  high: u32,
  share: f32,
}

// Number `at` of the long axis; the short one has `size`. The place is (at + 1/2) / factor - 1/2, not below 0: a whole number of
// 2 * factor-ths, so the share is exact but for its division.
fn between(at: u32, size: u32) -> Between {
  if (!BILINEAR) {
    return Between(at / sizes.factor, at / sizes.factor, 0.0);
  }
  let twice = 2u * sizes.factor;
  let place = max(2u * at + 1u, sizes.factor) - sizes.factor;
  let low = place / twice;
  return Between(low, min(low + 1u, size - 1u), f32(place % twice) / f32(twice));
}

// How much number `at` of the short axis counts in a sample of the long one.
fn weight_of(at: u32, sample: Between) -> f32 {
  return select(0.0, 1.0 - sample.share, sample.low == at) + select(0.0, sample.share, sample.high == at);
}

// In which numbers of the long axis number `at` of the short one counts: from the first to the end (not included).
fn first_of(at: u32) -> u32 {
  let before = select(0u, sizes.factor / 2u, BILINEAR);
  return max(sizes.factor * at, before) - before;
}

fn end_of(at: u32, size: u32) -> u32 {
  let after = select(0u, sizes.factor / 2u, BILINEAR);
  return min(sizes.factor * (at + 1u) + after, sizes.factor * size);
}
