// How a matmul reads B, a matrix, four numbers a load. Interface: lib/matmul_operands.wgsl.
//   b [K, N], or [GROUPS N, K] with TRANSPOSE_B
// K must be a multiple of 4, and so must N without TRANSPOSE_B (the host checks): every row of the stored matrix then starts at
// a multiple of 4.

@group(0) @binding(1) var<storage, read> b: array<StoredB>;

alias BStart = vec4u;  // in quads; without TRANSPOSE_B only the first counts

fn b_at(k: u32, column: u32) -> f32 {
  let at = select(k * sizes.n + column, (stored_column(column) + before_group(sizes.n)) * sizes.k + k, TRANSPOSE_B);
  return f32(b[at / 4][at % 4]);
}

fn b_quads(at: vec4u) -> mat4x4f {
  return mat4x4f(vec4f(b[at.x]), vec4f(b[at.y]), vec4f(b[at.z]), vec4f(b[at.w]));
}

fn b_starts(columns: vec4u) -> BStart {
  if (TRANSPOSE_B) {
    return (stored_columns(columns) + before_group(sizes.n)) * (sizes.k / 4);
  }
  return columns / 4;
}

fn b_block(starts: BStart, k: u32) -> mat4x4f {
  if (TRANSPOSE_B) {
    return transpose(b_quads(starts + k / 4));
  }
  let at = starts.x + k * (sizes.n / 4);
  return b_quads(at + vec4u(0, 1, 2, 3) * (sizes.n / 4));
}
