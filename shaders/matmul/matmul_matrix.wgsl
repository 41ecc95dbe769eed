// C = A B with subgroup matrices (tensor cores), of f16 operands with sums in f32.
// NEVER RUN: no adapter that was at hand has them. It compiles for Dawn's null backend, and its index arithmetic is tested with
// the matrices emulated (test/kernel/matrix.test.ts); what it is worth, and whether a driver computes it right, nobody has seen.
// A workgroup is one subgroup and computes SIDE x SIDE of C as DOWN x ACROSS matrices. Operands, sizes and the functions that
// the host appends: lib/matmul_operands.wgsl. M and N must be multiples of SIDE, K of MATRIX_K: the host checks.
// Grid (N / SIDE, M / SIDE, 1).  Host: src/kernels/matmul/matmul-variants.ts, which supplies as constants:
//   const LANES: u32                         of a subgroup
//   const MATRIX_M, MATRIX_N, MATRIX_K: u32  of what the adapter multiplies: left [M, K], right [K, N]
//   const SIDE: u32                          a multiple of MATRIX_M and of 2 MATRIX_N
// Occupancy: at 16x16x16 and 32 lanes four sums take 32 registers a lane, and each step of K loads as many matrices as it
// multiplies. One subgroup a workgroup, because WGSL wants what it loads from to be uniform in the workgroup.
// Source: WGSL's proposal "subgroup_matrix" in Dawn's docs (chromium_experimental_subgroup_matrix), in its syntax of 2026.

#include "lib/matmul_operands.wgsl"

const DOWN: u32 = SIDE / MATRIX_M;
const ACROSS: u32 = SIDE / MATRIX_N;
const MATRIX: u32 = MATRIX_M * MATRIX_N;

// Of C, a row of matrices [matrix, row, column], on its way from the subgroup to the lanes that store it.
var<workgroup> strip: array<f32, ACROSS * MATRIX>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first_row = workgroup.y * SIDE;
  let first_column = workgroup.x * SIDE;
  var sums: array<Sum, DOWN * ACROSS>;

  for (var k = 0u; k < sizes.k; k += MATRIX_K) {
    var left: array<Left, DOWN>;
    for (var i = 0u; i < DOWN; i++) {
      left[i] = load_left(first_row + i * MATRIX_M, k);
    }
    for (var j = 0u; j < ACROSS; j++) {
      let right = load_right(k, first_column + j * MATRIX_N);
      for (var i = 0u; i < DOWN; i++) {
        sums[i * ACROSS + j] = multiply_add(left[i], right, sums[i * ACROSS + j]);
      }
    }
  }

  begin_epilogue();
  for (var i = 0u; i < DOWN; i++) {
    for (var j = 0u; j < ACROSS; j++) {
      store_sum(j * MATRIX, sums[i * ACROSS + j]);
    }
    workgroupBarrier();  // the strip is complete
    for (var at = lane; at < MATRIX; at += LANES) {
      for (var j = 0u; j < ACROSS; j++) {
        let row = first_row + i * MATRIX_M + at / MATRIX_N;
        store_one(row, first_column + j * MATRIX_N + at % MATRIX_N, strip[j * MATRIX + at]);
      }
    }
    workgroupBarrier();  // every lane has stored its part before the strip is filled again
  }

  if (BIAS_GRADIENT && workgroup.x == 0) {
    for (var row = first_row + lane; row < first_row + SIDE; row += LANES) {
      var sum = 0.0;
      for (var k = 0u; k < sizes.k; k++) {
        sum += a_at(row, k);
      }
      store_one_bias_gradient(row, sum);
    }
  }
  end_epilogue(workgroup.y * (sizes.n / SIDE) + workgroup.x, lane);
}
