// How a matmul reads its operands, element by element: any M, N, K. Interface and layout: lib/matmul_operands.wgsl.

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;

fn a_at(row: u32, k: u32) -> f32 {
  if (TRANSPOSE_A) {
    return f32(a[k * sizes.m + row]);
  }
  return f32(a[row * sizes.k + k]);
}

fn b_at(k: u32, column: u32) -> f32 {
  if (TRANSPOSE_B) {
    return f32(b[stored_column(column) * sizes.k + k]);
  }
  return f32(b[k * sizes.n + column]);
}

fn a_starts(rows: vec4u) -> vec4u {
  if (TRANSPOSE_A) {
    return rows;
  }
  return rows * sizes.k;
}

fn b_starts(columns: vec4u) -> vec4u {
  if (TRANSPOSE_B) {
    return stored_columns(columns) * sizes.k;
  }
  return columns;
}

fn a_numbers(at: vec4u) -> vec4f {
  return vec4f(f32(a[at.x]), f32(a[at.y]), f32(a[at.z]), f32(a[at.w]));
}

// A(row, k .. k + 3) of the row that starts at `start`.
fn a_quad(start: u32, k: u32) -> vec4f {
  let step = select(1, sizes.m, TRANSPOSE_A);
  if (K_WHOLE) {
    let at = start + k * step;
    return a_numbers(at + vec4u(0, 1, 2, 3) * step);
  }
  let ks = k + vec4u(0, 1, 2, 3);
  let at = start + min(ks, vec4u(sizes.k - 1)) * step;
  return select(vec4f(), a_numbers(at), ks < vec4u(sizes.k));
}

fn a_block(starts: vec4u, k: u32) -> mat4x4f {
  return mat4x4f(a_quad(starts.x, k), a_quad(starts.y, k), a_quad(starts.z, k), a_quad(starts.w, k));
}

// B(k, columns); the last k again from K on.
fn b_row(starts: vec4u, k: u32) -> vec4f {
  let at = starts + select(k, min(k, sizes.k - 1), !K_WHOLE) * select(sizes.n, 1, TRANSPOSE_B);
  return vec4f(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w]));
}

fn b_block(starts: vec4u, k: u32) -> mat4x4f {
  return mat4x4f(b_row(starts, k), b_row(starts, k + 1), b_row(starts, k + 2), b_row(starts, k + 3));
}
