// C[M, N] = A B in float32 without shared memory and without barriers: the form for software adapters, where a barrier
// and a workgroup tile cost more than they save.
//   a [M, K], or [K, M] with TRANSPOSE_A;  b [K, N], or [N, K] with TRANSPOSE_B: row-major
// One invocation computes 8 rows x 4 columns in registers. The rows depend on workgroup_id only, so that the elements of A
// are loaded once for all lanes; neighbouring lanes take neighbouring columns. Works for every M, N, K >= 1.
// Grid (ceil(N / (4 WG)), ceil(M / 8), 1).  Host: src/kernels/matmul.ts
//
// The host appends a module with `fn store(row: u32, col: u32, value: f32)` and
// `fn store_bias_gradient(row: u32, value: f32)`; it is called once for each element, and owns the bindings from 2 on.

override M: u32;
override N: u32;
override K: u32;
override TRANSPOSE_A: bool;
override TRANSPOSE_B: bool;
override BIAS_GRADIENT: bool = false; // also bias_gradient[m] = sum over k of A(m, k)
override WG: u32 = 8; // a multiple of the adapter's lanes: 8 on lavapipe, 4 on SwiftShader

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;

fn a_at(row: u32, k: u32) -> f32 {
  if (TRANSPOSE_A) {
    return a[k * M + row];
  }
  return a[row * K + k];
}

fn b_at(k: u32, col: u32) -> f32 {
  if (TRANSPOSE_B) {
    return b[col * K + k];
  }
  return b[k * N + col];
}

fn store_row(row: u32, cols: vec4u, values: vec4f) {
  if (row >= M) {
    return;
  }
  if (cols.x < N) { store(row, cols.x, values.x); }
  if (cols.y < N) { store(row, cols.y, values.y); }
  if (cols.z < N) { store(row, cols.z, values.z); }
  if (cols.w < N) { store(row, cols.w, values.w); }
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 8;
  let cols = group.x * 4 * WG + lane + vec4u(0, 1, 2, 3) * WG;

  // Rows and columns beyond the edge repeat the last one; they are not stored.
  let last = M - 1;
  let r = array<u32, 8>(
    min(row, last), min(row + 1, last), min(row + 2, last), min(row + 3, last),
    min(row + 4, last), min(row + 5, last), min(row + 6, last), min(row + 7, last),
  );
  let c = min(cols, vec4u(N - 1));

  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  for (var k = 0u; k < K; k++) {
    let bk = vec4f(b_at(k, c.x), b_at(k, c.y), b_at(k, c.z), b_at(k, c.w));
    s0 = fma(vec4f(a_at(r[0], k)), bk, s0);
    s1 = fma(vec4f(a_at(r[1], k)), bk, s1);
    s2 = fma(vec4f(a_at(r[2], k)), bk, s2);
    s3 = fma(vec4f(a_at(r[3], k)), bk, s3);
    s4 = fma(vec4f(a_at(r[4], k)), bk, s4);
    s5 = fma(vec4f(a_at(r[5], k)), bk, s5);
    s6 = fma(vec4f(a_at(r[6], k)), bk, s6);
    s7 = fma(vec4f(a_at(r[7], k)), bk, s7);
  }

  store_row(row, cols, s0);
  store_row(row + 1, cols, s1);
  store_row(row + 2, cols, s2);
  store_row(row + 3, cols, s3);
  store_row(row + 4, cols, s4);
  store_row(row + 5, cols, s5);
  store_row(row + 6, cols, s6);
  store_row(row + 7, cols, s7);

  if (BIAS_GRADIENT && group.x == 0) {
    for (var i = lane; i < 8 && row + i < M; i += WG) {
      var sum = 0.0;
      for (var k = 0u; k < K; k++) {
        sum += a_at(row + i, k);
      }
      store_bias_gradient(row + i, sum);
    }
  }
}
