// Examples as f32, a word each.
fn example_number(at: u32) -> f32 {
  return bitcast<f32>(images[at]);
}
