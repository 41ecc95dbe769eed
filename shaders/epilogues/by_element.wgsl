// Goes with every epilogue that stores element by element: four of them at a time.

fn store_quad(row: u32, column: u32, values: vec4f) {
  var each = values;
  for (var j = 0u; j < 4u && column + j < sizes.n; j++) {
    store(row, column + j, each[j]);
  }
}

fn store_bias_gradients(row: u32, values: vec4f) {
  var each = values;
  for (var i = 0u; i < 4u && row + i < sizes.m; i++) {
    store_bias_gradient(row + i, each[i]);
  }
}
