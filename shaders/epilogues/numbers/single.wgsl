// How an epilogue takes C: element by element.

alias Number = f32;
const WIDTH: u32 = 1u;  // elements of a Number

fn total(x: Number) -> f32 {
  return x;
}

fn store_one(row: u32, column: u32, value: f32) {
  store(result_row(row), result_column(column), value);
}

fn store_one_bias_gradient(row: u32, value: f32) {
  store_bias_gradient(result_row(row), value);
}

fn store_quad(row: u32, column: u32, values: vec4f) {
  var each = values;
  for (var at = column; at < min(column + 4u, sizes.n); at++) {
    store_one(row, at, each[at - column]);
  }
}

fn store_bias_gradients(row: u32, values: vec4f) {
  var each = values;
  for (var at = row; at < min(row + 4u, sizes.m); at++) {
    store_one_bias_gradient(at, each[at - row]);
  }
}
