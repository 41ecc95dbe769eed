// Where a convolution has its C, a group's channels of y: C is [places, N] of [places, GROUPS N]. A product a group.
// Interface: lib/matmul_operands.wgsl.

fn begin_product(z: u32) {
  product_group = z;
}

fn result_row(row: u32) -> u32 {
  return row;
}

fn result_column(column: u32) -> u32 {
  return column + before_group(sizes.n);
}

fn result_width() -> u32 {
  return sizes.n * GROUPS;
}
