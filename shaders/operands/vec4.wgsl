// How a matmul reads its operands, four numbers a load. Interface and layout: lib/matmul_operands.wgsl.
// K must be a multiple of 4; so must M with TRANSPOSE_A, and N without TRANSPOSE_B (the host checks): every row of a stored
// matrix then starts at a multiple of 4.

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;

fn a_at(row: u32, k: u32) -> f32 {
  let at = select(row * sizes.k + k, k * sizes.m + row, TRANSPOSE_A);
  return a[at / 4][at % 4];
}

fn b_at(k: u32, column: u32) -> f32 {
  let at = select(k * sizes.n + column, stored_column(column) * sizes.k + k, TRANSPOSE_B);
  return b[at / 4][at % 4];
}

// In quads. With TRANSPOSE_A only the first counts: it is that of all four rows.
fn a_starts(rows: vec4u) -> vec4u {
  if (TRANSPOSE_A) {
    return rows / 4;
  }
  return rows * (sizes.k / 4);
}

// In quads. Without TRANSPOSE_B only the first counts.
fn b_starts(columns: vec4u) -> vec4u {
  if (TRANSPOSE_B) {
    return stored_columns(columns) * (sizes.k / 4);
  }
  return columns / 4;
}

fn a_block(starts: vec4u, k: u32) -> mat4x4f {
  if (TRANSPOSE_A) {
    let at = starts.x + k * (sizes.m / 4);
    return transpose(mat4x4f(a[at], a[at + sizes.m / 4], a[at + 2 * (sizes.m / 4)], a[at + 3 * (sizes.m / 4)]));
  }
  let at = starts + k / 4;
  return mat4x4f(a[at.x], a[at.y], a[at.z], a[at.w]);
}

fn b_block(starts: vec4u, k: u32) -> mat4x4f {
  if (TRANSPOSE_B) {
    let at = starts + k / 4;
    return transpose(mat4x4f(b[at.x], b[at.y], b[at.z], b[at.w]));
  }
  let at = starts.x + k * (sizes.n / 4);
  return mat4x4f(b[at], b[at + sizes.n / 4], b[at + 2 * (sizes.n / 4)], b[at + 3 * (sizes.n / 4)]);
}
