// Epilogue of a layer's forward matmul where the activation's gradient will ask for its input:
//   x[row, column] = product + bias[column], y = activation(x).
//   bias [N] -> x, y [M, N]
#include "lib/numbers/activation.wgsl"

@group(0) @binding(2) var<storage, read> bias: array<Number>;
@group(0) @binding(3) var<storage, read_write> x: array<Number>;
@group(0) @binding(4) var<storage, read_write> y: array<Stored>;

fn begin_epilogue() {}

fn store(row: u32, column: u32, value: Number) {
  let at = number_at(row, column);
  let sum = value + bias[column];
  x[at] = sum;
  y[at] = stored(activate(sum));
}

fn store_bias_gradient(row: u32, value: Number) {}
