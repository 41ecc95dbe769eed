// Where a transposed convolution has its C, a group's channels of x: C is [places of one phase, N] of [places, GROUPS N]. A
// product a group and phase.  Interface: lib/matmul_operands.wgsl; phases: lib/maps/transposed_convolution.wgsl.

fn begin_product(z: u32) {
  let count = phases();
  product_group = z / (count.x * count.y);
  phase = vec2u(z / count.y % count.x, z % count.y);
}

fn result_row(row: u32) -> u32 {
  if (!PHASED) {
    return row;
  }
  let count = phases();
  let width = X_WIDTH / count.y;
  // Rows of x of all images, one below the other.
  return (row / width * count.x + phase.x) * X_WIDTH + row % width * count.y + phase.y;
}

fn result_column(column: u32) -> u32 {
  return column + before_group(sizes.n);
}

fn result_width() -> u32 {
  return sizes.n * GROUPS;
}
