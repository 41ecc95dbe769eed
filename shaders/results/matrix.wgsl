// Where a matmul has its C: a matrix [M, N]. Interface: lib/matmul_operands.wgsl.

fn begin_product(z: u32) {}

fn result_row(row: u32) -> u32 {
  return row;
}

fn result_column(column: u32) -> u32 {
  return column;
}

fn result_width() -> u32 {
  return sizes.n;
}
