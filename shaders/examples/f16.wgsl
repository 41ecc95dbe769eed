// Examples as f16, two a word, little-endian; unpacked by arithmetic that every device has.
fn example_number(at: u32) -> f32 {
  return unpack2x16float(images[at / 2u])[at % 2u];
}
