// The epilogue of optimizer.wgsl for kernels that store four columns at a time, of matrices whose N is a multiple of 4: a load
// and a store for four numbers, which on software adapters cost as much as for one.
//   -> w and what the optimizer keeps, in place: weight [M, N], a gap, bias [M], a gap of zeros
// The update itself: shaders/optimizers/.  Host: src/kernels/epilogues.ts

alias Number = vec4f;

#include "lib/optimizer.wgsl"

fn begin_epilogue() {
  begin_update();
}

fn store_quad(row: u32, column: u32, values: vec4f) {
  update((row * sizes.n + column) / 4u, values);
}

// Rows from M on are in the gap behind the bias, which stays zero with a gradient of zero.
fn store_bias_gradients(row: u32, values: vec4f) {
  if (row < sizes.m) {
    update((sizes.bias_at + row) / 4u, select(vec4f(), values, row + vec4u(0, 1, 2, 3) < vec4u(sizes.m)));
  }
}
