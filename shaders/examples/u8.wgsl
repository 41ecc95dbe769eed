// Examples as bytes, four a word, little-endian: 0 to 255 stand for 0..1.
fn example_number(at: u32) -> f32 {
  return f32((images[at / 4u] >> (8u * (at % 4u))) & 0xffu) / 255.0;
}
