// How a matmul reads B, a matrix, element by element: any N and K. Interface: lib/matmul_operands.wgsl.
//   b [K, N], or [GROUPS N, K] with TRANSPOSE_B

@group(0) @binding(1) var<storage, read> b: array<StoredB>;

alias BStart = vec4u;  // where a column begins

fn b_at(k: u32, column: u32) -> f32 {
  if (TRANSPOSE_B) {
    return f32(b[(stored_column(column) + before_group(sizes.n)) * sizes.k + k]);
  }
  return f32(b[k * sizes.n + column]);
}

fn b_starts(columns: vec4u) -> BStart {
  if (TRANSPOSE_B) {
    return (stored_columns(columns) + before_group(sizes.n)) * sizes.k;
  }
  return columns;
}

// B(k, columns); the last k again from K on.
fn b_row(starts: BStart, k: u32) -> vec4f {
  let at = starts + select(k, min(k, sizes.k - 1), !K_WHOLE) * select(sizes.n, 1, TRANSPOSE_B);
  return vec4f(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w]));
}

fn b_block(starts: BStart, k: u32) -> mat4x4f {
  return mat4x4f(b_row(starts, k), b_row(starts, k + 1), b_row(starts, k + 2), b_row(starts, k + 3));
}
