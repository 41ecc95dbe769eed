// C = A B in shared-memory tiles, for GPUs: a workgroup computes TILE_M x TILE_N of C, an invocation THREAD_M x THREAD_N.
// Operands, sizes and the functions that the host appends: lib/matmul_operands.wgsl. Any M, N, K: what lies outside reads
// as zero and is not stored.
// Grid (ceil(N / TILE_N), ceil(M / TILE_M), 1).  Host: src/kernels/matmul.ts, which also supplies the tile's constants:
//   const TILE_M, TILE_N, TILE_K, THREAD_M, THREAD_N: u32
// Source: Volkov & Demmel 2008, "Benchmarking GPUs to tune dense linear algebra" (register blocking over shared tiles).

#include "lib/matmul_operands.wgsl"

const LANES_N: u32 = TILE_N / THREAD_N;
const LANES_M: u32 = TILE_M / THREAD_M;
const LANES: u32 = LANES_M * LANES_N;

// One float of padding a row: lanes that walk down a column land in different banks.
var<workgroup> tile_a: array<array<f32, TILE_M + 1>, TILE_K>;  // [k, row]
var<workgroup> tile_b: array<array<f32, TILE_N + 1>, TILE_K>;  // [k, column]

fn load_a(row: u32, k: u32) -> f32 {
  if (row >= M || k >= K) {
    return 0.0;
  }
  return a_at(row, k);
}

fn load_b(k: u32, column: u32) -> f32 {
  if (column >= N || k >= K) {
    return 0.0;
  }
  return b_at(k, column);
}

// Neighbouring lanes read neighbouring addresses, whichever way the matrix is stored.
fn fill_tiles(first_row: u32, first_column: u32, first_k: u32, lane: u32) {
  for (var i = lane; i < TILE_M * TILE_K; i += LANES) {
    let row = select(i / TILE_K, i % TILE_M, TRANSPOSE_A);
    let k = select(i % TILE_K, i / TILE_M, TRANSPOSE_A);
    tile_a[k][row] = load_a(first_row + row, first_k + k);
  }
  for (var i = lane; i < TILE_N * TILE_K; i += LANES) {
    let column = select(i % TILE_N, i / TILE_K, TRANSPOSE_B);
    let k = select(i / TILE_N, i % TILE_K, TRANSPOSE_B);
    tile_b[k][column] = load_b(first_k + k, first_column + column);
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first_row = workgroup.y * TILE_M;
  let first_column = workgroup.x * TILE_N;
  let lane_row = lane / LANES_N;
  let lane_column = lane % LANES_N;
  var c: array<array<f32, THREAD_N>, THREAD_M>;
  var a_sums: array<f32, THREAD_M>;

  for (var first_k = 0u; first_k < K; first_k += TILE_K) {
    fill_tiles(first_row, first_column, first_k, lane);
    workgroupBarrier();  // both tiles are complete
    for (var k = 0u; k < TILE_K; k++) {
      // Lanes interleave (row = lane_row + i * LANES_M), so that their reads of shared memory do not collide.
      var a_column: array<f32, THREAD_M>;
      for (var i = 0u; i < THREAD_M; i++) {
        a_column[i] = tile_a[k][lane_row + i * LANES_M];
        if (BIAS_GRADIENT) {
          a_sums[i] += a_column[i];
        }
      }
      for (var j = 0u; j < THREAD_N; j++) {
        let b_value = tile_b[k][lane_column + j * LANES_N];
        for (var i = 0u; i < THREAD_M; i++) {
          c[i][j] = fma(a_column[i], b_value, c[i][j]);
        }
      }
    }
    workgroupBarrier();  // every lane is done with the tiles before they are filled again
  }

  begin_epilogue();
  for (var i = 0u; i < THREAD_M; i++) {
    let row = first_row + lane_row + i * LANES_M;
    if (row >= M) {
      continue;
    }
    if (BIAS_GRADIENT && workgroup.x == 0u && lane_column == 0u) {
      store_bias_gradient(row, a_sums[i]);
    }
    for (var j = 0u; j < THREAD_N; j++) {
      let column = first_column + lane_column + j * LANES_N;
      if (column < N) {
        store(row, column, c[i][j]);
      }
    }
  }
  end_epilogue(workgroup.y * ((N + TILE_N - 1) / TILE_N) + workgroup.x, lane);
}
