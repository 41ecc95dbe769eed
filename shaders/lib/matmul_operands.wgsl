// The operands of C[M, N] = A B, for every matmul kernel: sizes, bindings, single elements. Not the tiles: they belong to
// the kernels.
//   a [M, K], or [K, M] with TRANSPOSE_A;  b [K, N], or [N, K] with TRANSPOSE_B: row-major float32
//   (b's columns may be stored in pairs, with TRANSPOSE_B only)
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

// Columns may come in pairs, (0, PAIRS), (1, PAIRS + 1), ...: of each, a lane stores the second right after the first. To
// that end the kernel's column c is the stored column stored_column(c); where a lane's columns are PAIR_STRIDE apart, so are
// the two of a pair. N is then the next multiple of 2 PAIR_STRIDE, and what is beyond PAIRS repeats the last pair.
override PAIRS: u32 = 0u;  // 0: columns are what they are
override PAIR_STRIDE: u32 = 1u;

fn pair_of(column: u32) -> u32 {
  return column / (2u * PAIR_STRIDE) * PAIR_STRIDE + column % PAIR_STRIDE;
}

fn is_second_of_pair(column: u32) -> bool {
  return (column / PAIR_STRIDE) % 2u == 1u;
}

fn stored_column(column: u32) -> u32 {
  if (PAIRS == 0u) {
    return column;
  }
  return min(pair_of(column), PAIRS - 1u) + select(0u, PAIRS, is_second_of_pair(column));
}

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
    return b[stored_column(column) * K + k];
  }
  return b[k * N + column];
}
