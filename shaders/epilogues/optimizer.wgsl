// Epilogue of a layer's weight gradient that ends in the optimizer: each gradient is used where it was computed and never
// reaches memory. The parameter's bias lies behind it in the same bindings, sizes.bias_at numbers on.
//   -> w and what the optimizer keeps, in place: weight [M, N], a gap, bias [M], a gap; gaps are zero and stay zero
// The update itself: shaders/step/optimizers/.  Host: src/kernels/optimizer.ts

#include "lib/step/optimizer.wgsl"

fn begin_epilogue() {
  begin_update();
}

fn store(row: u32, column: u32, value: Number) {
  update(number_at(row, column), value);
}

fn store_bias_gradient(row: u32, value: Number) {
  update(sizes.bias_at / WIDTH + row, value);
}
