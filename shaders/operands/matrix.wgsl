// How matmul/matmul_matrix.wgsl reads its operands and adds up their products: all that needs the extension. Both operands are f16.
//   fn load_left(row: u32, k: u32) -> Left       A(row .. row + MATRIX_M - 1, k .. k + MATRIX_K - 1)
//   fn load_right(k: u32, column: u32) -> Right  B(k .. k + MATRIX_K - 1, column .. column + MATRIX_N - 1)
//   fn multiply_add(left: Left, right: Right, sum: Sum) -> Sum
//   fn store_sum(at: u32, sum: Sum)              to strip[at ..], row-major
// Interface and layout: lib/matmul_operands.wgsl. Of columns in pairs a matrix has firsts or seconds only: PAIR_STRIDE is
// MATRIX_N, and pairs are a multiple of it.
#include "operands/a/scalar.wgsl"
#include "operands/b/scalar.wgsl"

// Columns, then rows.
alias Left = subgroup_matrix_left<f16, MATRIX_K, MATRIX_M>;
alias Right = subgroup_matrix_right<f16, MATRIX_N, MATRIX_K>;
alias Sum = subgroup_matrix_result<f32, MATRIX_N, MATRIX_M>;

fn load_left(row: u32, k: u32) -> Left {
  if (TRANSPOSE_A) {
    return subgroupMatrixLoad<Left, col_major>(&a, k * sizes.m + row, sizes.m);
  }
  return subgroupMatrixLoad<Left, row_major>(&a, row * sizes.k + k, sizes.k);
}

fn load_right(k: u32, column: u32) -> Right {
  if (TRANSPOSE_B) {
    return subgroupMatrixLoad<Right, col_major>(&b, stored_column(column) * sizes.k + k, sizes.k);
  }
  return subgroupMatrixLoad<Right, row_major>(&b, k * sizes.n + column, sizes.n);
}

fn multiply_add(left: Left, right: Right, sum: Sum) -> Sum {
  return subgroupMatrixMultiplyAccumulate(left, right, sum);
}

fn store_sum(at: u32, sum: Sum) {
  subgroupMatrixStore<row_major>(&strip, at, sum, MATRIX_N);
}
