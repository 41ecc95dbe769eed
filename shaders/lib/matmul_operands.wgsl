// The operands of C[M, N] = A B, for every matmul kernel: sizes, bindings, single elements. Not the tiles: they belong to
// the kernels.
//   a [M, K], or [K, M] with TRANSPOSE_A;  b [K, N], or [N, K] with TRANSPOSE_B: row-major float32
// The host appends an epilogue (shaders/epilogues/), what is done with C; its bindings count from 2. Each lane calls
//   fn begin_epilogue()                                  once, before it stores
//   fn store(row: u32, column: u32, value: f32)          for each element of C, in all lanes together once
//   fn store_bias_gradient(row: u32, value: f32)         if BIAS_GRADIENT, in all lanes together once a row
//   fn end_epilogue(tile: u32, lane: u32)                once, all lanes of a workgroup at the same place: it may have barriers;
//                                                        tile: the workgroup's number, row by row

override M: u32;  // each at least 1
override N: u32;
override K: u32;
override TRANSPOSE_A: bool;
override TRANSPOSE_B: bool;
override BIAS_GRADIENT: bool;  // also bias_gradient[row] = sum over k of A(row, k)

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;

fn a_at(row: u32, k: u32) -> f32 {
  if (TRANSPOSE_A) {
    return a[k * M + row];
  }
  return a[row * K + k];
}

fn b_at(k: u32, column: u32) -> f32 {
  if (TRANSPOSE_B) {
    return b[column * K + k];
  }
  return b[k * N + column];
}
