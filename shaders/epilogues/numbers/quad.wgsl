// How an epilogue takes C: four columns at a time, of a matrix whose N is a multiple of 4. On software adapters a load or a
// store of four numbers costs as much as one of one.

alias Number = vec4f;
const WIDTH: u32 = 4u;  // elements of a Number

fn total(x: Number) -> f32 {
  return dot(x, vec4f(1.0));
}

fn store_quad(row: u32, column: u32, values: vec4f) {
  store(result_row(row), result_column(column) / 4u, values);
}

// Rows from M on are zero: what is behind the bias in memory stays as it is, or zero.
fn store_bias_gradients(row: u32, values: vec4f) {
  if (row < sizes.m) {
    let inside = row + vec4u(0, 1, 2, 3) < vec4u(sizes.m);
    store_bias_gradient(result_row(row) / 4u, select(vec4f(), values, inside));
  }
}
