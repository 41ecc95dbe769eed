// Where a convolution's weight gradient has its C: C is [M, N] of [GROUPS M, N]. A product a group.
// Interface: lib/matmul_operands.wgsl.

fn begin_product(z: u32) {
  product_group = z;
}

fn result_row(row: u32) -> u32 {
  return row + before_group(sizes.m);
}

fn result_column(column: u32) -> u32 {
  return column;
}

fn result_width() -> u32 {
  return sizes.n;
}
