// Epilogue of a layer's forward matmul: y[row, column] = activation(product + bias[column]).
//   bias [N] -> y [M, N]
#include "lib/numbers/activation.wgsl"

@group(0) @binding(2) var<storage, read> bias: array<Number>;
@group(0) @binding(3) var<storage, read_write> y: array<Stored>;

fn begin_epilogue() {}

fn store(row: u32, column: u32, value: Number) {
  y[number_at(row, column)] = stored(activate(value + bias[column]));
}

fn store_bias_gradient(row: u32, value: Number) {}
