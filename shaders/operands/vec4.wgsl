// How a matmul reads its operands, four numbers a load. Interface and layout: lib/matmul_operands.wgsl.
// K must be a multiple of 4; so must M with TRANSPOSE_A, and N without TRANSPOSE_B (the host checks): every row of a stored
// matrix then starts at a multiple of 4.

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;

fn a_at(row: u32, k: u32) -> f32 {
  let at = select(row * sizes.k + k, k * sizes.m + row, TRANSPOSE_A);
  return f32(a[at / 4][at % 4]);
}

fn b_at(k: u32, column: u32) -> f32 {
  let at = select(k * sizes.n + column, stored_column(column) * sizes.k + k, TRANSPOSE_B);
  return f32(b[at / 4][at % 4]);
}

fn a_quads(at: vec4u) -> mat4x4f {
  return mat4x4f(vec4f(a[at.x]), vec4f(a[at.y]), vec4f(a[at.z]), vec4f(a[at.w]));
}

fn b_quads(at: vec4u) -> mat4x4f {
  return mat4x4f(vec4f(b[at.x]), vec4f(b[at.y]), vec4f(b[at.z]), vec4f(b[at.w]));
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
    return transpose(a_quads(at + vec4u(0, 1, 2, 3) * (sizes.m / 4)));
  }
  return a_quads(starts + k / 4);
}

fn b_block(starts: vec4u, k: u32) -> mat4x4f {
  if (TRANSPOSE_B) {
    return transpose(b_quads(starts + k / 4));
  }
  let at = starts.x + k * (sizes.n / 4);
  return b_quads(at + vec4u(0, 1, 2, 3) * (sizes.n / 4));
}
