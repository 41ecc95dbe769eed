// C[M, N] = A B in float32 without shared memory and without barriers: the form for software adapters. Operands, sizes and
// the functions that the host appends: lib/matmul_operands.wgsl. Any M, N, K; a row or column beyond the edge repeats the
// last one and is not stored.
// There a load costs some hundred instructions (each lane is bounds-checked and loaded on its own; a vec4f costs less than
// four numbers) and a multiply-add three, so nothing is loaded twice: one subgroup is one workgroup and computes 32 rows x
// COLUMNS LANES columns. Each lane loads its own 4 or 8 columns of B, side by side. Row i of A is in lane i / 4 (modulo
// LANES) and reaches the others by subgroupBroadcast.
// The host's header gives `enable subgroups;` and
//   const LANES: u32    4, 8 or 16, not above the adapter's smallest subgroup (4 on SwiftShader, 8 on lavapipe)
//   const COLUMNS: u32  of a lane, 4 or 8
// Grid (ceil(N / (COLUMNS LANES)), ceil(M / 32), products).  Host: src/kernels/matmul/matmul.ts

#include "lib/matmul_operands.wgsl"

const_assert LANES == 4 || LANES == 8 || LANES == 16;
const_assert COLUMNS == 4 || COLUMNS == 8;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  begin_product(group.z);
  let row = group.y * 32;
  let column = (group.x * LANES + lane) * COLUMNS;
  let left_starts = b_starts(min(column + vec4u(0, 1, 2, 3), vec4u(sizes.n - 1)));
  let right_starts = b_starts(min(column + vec4u(4, 5, 6, 7), vec4u(sizes.n - 1)));
  // Two blocks of four rows a lane where LANES is 4, else one; lanes from the eighth on hold rows of the next workgroup.
  let rows = row + 4 * lane + vec4u(0, 1, 2, 3);
  let starts = a_starts(min(rows, vec4u(sizes.m - 1)));
  let more_starts = a_starts(min(rows + 16, vec4u(sizes.m - 1)));
  // Constant indices only: SwiftShader keeps an array that is indexed by a variable in memory.
  var quads = array<vec4f, 8>();
  var sum = mat4x4f(); // over k, for the bias gradient
  var more_sum = mat4x4f();
  var row_a = vec4f();
  var left = array<vec4f, 32>();  // C(row + i, column .. column + 3)
  var right = array<vec4f, 32>(); // the next four, if COLUMNS is 8
  for (var k = 0u; k < sizes.k; k += 4) {
    let block = a_block(starts, k);
    quads[0] = block[0];
    quads[1] = block[1];
    quads[2] = block[2];
    quads[3] = block[3];
    if (BIAS_GRADIENT) {
      sum += block;
    }
    if (LANES == 4) {
      let more = a_block(more_starts, k);
      quads[4] = more[0];
      quads[5] = more[1];
      quads[6] = more[2];
      quads[7] = more[3];
      if (BIAS_GRADIENT) {
        more_sum += more;
      }
    }
    let b_left = b_block(left_starts, k);
    var b_right = mat4x4f();
    if (COLUMNS == 8) {
      b_right = b_block(right_starts, k);
    }
    row_a = subgroupBroadcast(quads[0 / LANES * 4 + 0], 0 % LANES);
    left[0] += b_left * row_a;
    right[0] += b_right * row_a;
    row_a = subgroupBroadcast(quads[0 / LANES * 4 + 1], 0 % LANES);
    left[1] += b_left * row_a;
    right[1] += b_right * row_a;
    row_a = subgroupBroadcast(quads[0 / LANES * 4 + 2], 0 % LANES);
    left[2] += b_left * row_a;
    right[2] += b_right * row_a;
    row_a = subgroupBroadcast(quads[0 / LANES * 4 + 3], 0 % LANES);
    left[3] += b_left * row_a;
    right[3] += b_right * row_a;
    row_a = subgroupBroadcast(quads[1 / LANES * 4 + 0], 1 % LANES);
    left[4] += b_left * row_a;
    right[4] += b_right * row_a;
    row_a = subgroupBroadcast(quads[1 / LANES * 4 + 1], 1 % LANES);
    left[5] += b_left * row_a;
    right[5] += b_right * row_a;
    row_a = subgroupBroadcast(quads[1 / LANES * 4 + 2], 1 % LANES);
    left[6] += b_left * row_a;
    right[6] += b_right * row_a;
    row_a = subgroupBroadcast(quads[1 / LANES * 4 + 3], 1 % LANES);
    left[7] += b_left * row_a;
    right[7] += b_right * row_a;
    row_a = subgroupBroadcast(quads[2 / LANES * 4 + 0], 2 % LANES);
    left[8] += b_left * row_a;
    right[8] += b_right * row_a;
    row_a = subgroupBroadcast(quads[2 / LANES * 4 + 1], 2 % LANES);
    left[9] += b_left * row_a;
    right[9] += b_right * row_a;
    row_a = subgroupBroadcast(quads[2 / LANES * 4 + 2], 2 % LANES);
    left[10] += b_left * row_a;
    right[10] += b_right * row_a;
    row_a = subgroupBroadcast(quads[2 / LANES * 4 + 3], 2 % LANES);
    left[11] += b_left * row_a;
    right[11] += b_right * row_a;
    row_a = subgroupBroadcast(quads[3 / LANES * 4 + 0], 3 % LANES);
    left[12] += b_left * row_a;
    right[12] += b_right * row_a;
    row_a = subgroupBroadcast(quads[3 / LANES * 4 + 1], 3 % LANES);
    left[13] += b_left * row_a;
    right[13] += b_right * row_a;
    row_a = subgroupBroadcast(quads[3 / LANES * 4 + 2], 3 % LANES);
    left[14] += b_left * row_a;
    right[14] += b_right * row_a;
    row_a = subgroupBroadcast(quads[3 / LANES * 4 + 3], 3 % LANES);
    left[15] += b_left * row_a;
    right[15] += b_right * row_a;
    row_a = subgroupBroadcast(quads[4 / LANES * 4 + 0], 4 % LANES);
    left[16] += b_left * row_a;
    right[16] += b_right * row_a;
    row_a = subgroupBroadcast(quads[4 / LANES * 4 + 1], 4 % LANES);
    left[17] += b_left * row_a;
    right[17] += b_right * row_a;
    row_a = subgroupBroadcast(quads[4 / LANES * 4 + 2], 4 % LANES);
    left[18] += b_left * row_a;
    right[18] += b_right * row_a;
    row_a = subgroupBroadcast(quads[4 / LANES * 4 + 3], 4 % LANES);
    left[19] += b_left * row_a;
    right[19] += b_right * row_a;
    row_a = subgroupBroadcast(quads[5 / LANES * 4 + 0], 5 % LANES);
    left[20] += b_left * row_a;
    right[20] += b_right * row_a;
    row_a = subgroupBroadcast(quads[5 / LANES * 4 + 1], 5 % LANES);
    left[21] += b_left * row_a;
    right[21] += b_right * row_a;
    row_a = subgroupBroadcast(quads[5 / LANES * 4 + 2], 5 % LANES);
    left[22] += b_left * row_a;
    right[22] += b_right * row_a;
    row_a = subgroupBroadcast(quads[5 / LANES * 4 + 3], 5 % LANES);
    left[23] += b_left * row_a;
    right[23] += b_right * row_a;
    row_a = subgroupBroadcast(quads[6 / LANES * 4 + 0], 6 % LANES);
    left[24] += b_left * row_a;
    right[24] += b_right * row_a;
    row_a = subgroupBroadcast(quads[6 / LANES * 4 + 1], 6 % LANES);
    left[25] += b_left * row_a;
    right[25] += b_right * row_a;
    row_a = subgroupBroadcast(quads[6 / LANES * 4 + 2], 6 % LANES);
    left[26] += b_left * row_a;
    right[26] += b_right * row_a;
    row_a = subgroupBroadcast(quads[6 / LANES * 4 + 3], 6 % LANES);
    left[27] += b_left * row_a;
    right[27] += b_right * row_a;
    row_a = subgroupBroadcast(quads[7 / LANES * 4 + 0], 7 % LANES);
    left[28] += b_left * row_a;
    right[28] += b_right * row_a;
    row_a = subgroupBroadcast(quads[7 / LANES * 4 + 1], 7 % LANES);
    left[29] += b_left * row_a;
    right[29] += b_right * row_a;
    row_a = subgroupBroadcast(quads[7 / LANES * 4 + 2], 7 % LANES);
    left[30] += b_left * row_a;
    right[30] += b_right * row_a;
    row_a = subgroupBroadcast(quads[7 / LANES * 4 + 3], 7 % LANES);
    left[31] += b_left * row_a;
    right[31] += b_right * row_a;
  }

  begin_epilogue();
  // A loop of which drivers do not see how often it turns, or they unroll it: then lavapipe compiles for seconds.
  var left_tile = left;
  var right_tile = right;
  for (var at = row; at < min(row + 32, sizes.m); at++) {
    if (column < sizes.n) {
      store_quad(at, column, left_tile[at - row]);
    }
    if (COLUMNS == 8 && column + 4 < sizes.n) {
      store_quad(at, column + 4, right_tile[at - row]);
    }
  }

  if (BIAS_GRADIENT && group.x == 0 && lane < 8) {
    store_sums(row + 4 * lane, sum);
    if (LANES == 4) {
      store_sums(row + 16 + 4 * lane, more_sum);
    }
  }
  let tiles = vec2u((sizes.n + COLUMNS * LANES - 1) / (COLUMNS * LANES), (sizes.m + 31) / 32);
  end_epilogue((group.z * tiles.y + group.y) * tiles.x + group.x, lane);
}

// The sums over k of four rows of A.
fn store_sums(row: u32, sums: mat4x4f) {
  store_bias_gradients(row, vec4f(1.0) * sums);
}
