// The operands of C[M, N] = A B for the matmul kernels without shared memory (matmul_registers, matmul_subgroups): sizes,
// bindings, and loads of four consecutive k. Not the tiles: they belong to the kernels.
//   a [M, K], or [K, M] with TRANSPOSE_A;  b [K, N], or [N, K] with TRANSPOSE_B: row-major float32
// The host appends `fn store(row: u32, col: u32, value: f32)`, called once for each element of C, and
// `fn store_bias_gradient(row: u32, value: f32)`, called once a row if BIAS_GRADIENT; their bindings count from 2.

override M: u32; // each at least 1
override N: u32;
override K: u32;
override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
override BIAS_GRADIENT: bool = false; // also bias_gradient[row] = sum over k of A(row, k)

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;

fn a_at(row: u32, k: u32) -> f32 {
  if (TRANSPOSE_A) {
    return a[k * M + row];
  }
  return a[row * K + k];
}

fn b_at(k: u32, cols: vec4u) -> vec4f {
  if (TRANSPOSE_B) {
    let at = cols * K + k;
    return vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
  }
  let at = k * N + cols;
  return vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
}

// A(row, k .. k + 3); zero from K on. Rows below M only.
fn a_quad(row: u32, k: u32) -> vec4f {
  if (K % 4 == 0) {
    return vec4f(a_at(row, k), a_at(row, k + 1), a_at(row, k + 2), a_at(row, k + 3));
  }
  let last = K - 1;
  let quad = vec4f(
    a_at(row, k), a_at(row, min(k + 1, last)), a_at(row, min(k + 2, last)), a_at(row, min(k + 3, last)),
  );
  return select(vec4f(), quad, k + vec4u(0, 1, 2, 3) < vec4u(K));
}

// Column i is B(k + i, cols), so that `b_quad(k, cols) * a_quad(row, k)` sums over four k. From K on it repeats the last
// k, which meets a zero of A. Columns below N only.
fn b_quad(k: u32, cols: vec4u) -> mat4x4f {
  if (K % 4 == 0) {
    return mat4x4f(b_at(k, cols), b_at(k + 1, cols), b_at(k + 2, cols), b_at(k + 3, cols));
  }
  let last = K - 1;
  return mat4x4f(b_at(k, cols), b_at(min(k + 1, last), cols), b_at(min(k + 2, last), cols), b_at(min(k + 3, last), cols));
}
