// Loads and stores of four elements, for the matmul kernels without shared memory (matmul_registers, matmul_subgroups).
#include "lib/matmul_operands.wgsl"

fn b_row(k: u32, cols: vec4u) -> vec4f {
  return vec4f(b_at(k, cols.x), b_at(k, cols.y), b_at(k, cols.z), b_at(k, cols.w));
}

// A(row, k .. k + 3); zero from K on. Rows below M only.
fn a_quad(row: u32, k: u32) -> vec4f {
  if (K % 4 == 0) {
    return vec4f(a_at(row, k), a_at(row, k + 1), a_at(row, k + 2), a_at(row, k + 3));
  }
  let last = K - 1;
  let quad = vec4f(
    a_at(row, k), a_at(row, min(k + 1, last)), a_at(row, min(k + 2, last)), a_at(row, min(k + 3, last)),
  );
  return select(vec4f(), quad, k + vec4u(0, 1, 2, 3) < vec4u(K));
}

// Column i is B(k + i, cols), so that `b_quad(k, cols) * a_quad(row, k)` sums over four k. From K on it repeats the last
// k, which meets a zero of A. Columns below N only.
fn b_quad(k: u32, cols: vec4u) -> mat4x4f {
  if (K % 4 == 0) {
    return mat4x4f(b_row(k, cols), b_row(k + 1, cols), b_row(k + 2, cols), b_row(k + 3, cols));
  }
  let last = K - 1;
  return mat4x4f(b_row(k, cols), b_row(min(k + 1, last), cols), b_row(min(k + 2, last), cols), b_row(min(k + 3, last), cols));
}
