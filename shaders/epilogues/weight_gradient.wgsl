// Epilogue of a layer's weight gradient dW = dY^T X: the gradient, and the bias's, which is the sum of dY over the batch.
//   -> dw [M, N], dbias [M]

@group(0) @binding(2) var<storage, read_write> dw: array<Number>;
@group(0) @binding(3) var<storage, read_write> dbias: array<Number>;

fn begin_epilogue() {}

fn store(row: u32, column: u32, value: Number) {
  dw[number_at(row, column)] = value;
}

// A is dY^T here, so the sum of its row is the sum of dY's column over the batch.
fn store_bias_gradient(row: u32, value: Number) {
  dbias[row] = value;
}
