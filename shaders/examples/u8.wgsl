// Examples as bytes, four a word, little-endian: 0 to 255 stand for 0..1.
// byte / 255 as the nearest f32, which is what the host makes of it (and PyTorch's ToTensor): WGSL lets a division be 2.5 ulp off,
// and compilers join products of one factor, so it is done on integers. In base 256 it is 0.bbbb..., the byte over and over.
fn example_number(at: u32) -> f32 {
  let byte = (images[at / 4u] >> (8u * (at % 4u))) & 0xffu;
  let zeros = countLeadingZeros(byte) - 24u;
  let digits = ((byte * 0x01010101u) << zeros) | (byte >> (8u - zeros));  // the first 32 from the first one on
  let nearest = (digits >> 8u) + ((digits >> 7u) & 1u);                   // of 24 digits; no tie, as the digits never end
  return select(bitcast<f32>(((125u - zeros) << 23u) + nearest), 0.0, byte == 0u);
}
