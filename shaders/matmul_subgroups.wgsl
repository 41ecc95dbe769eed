// C[M, N] = A B in float32 without shared memory and without barriers: the form for software adapters. Operands, sizes and
// the functions that the host appends: lib/matmul_operands.wgsl. Any M, N, K; a row or column beyond the edge repeats the
// last one and is not stored.
// There a load costs some hundred instructions (each lane is bounds-checked and loaded on its own) and a multiply-add three,
// so nothing is loaded twice: one subgroup is one workgroup and computes 16 rows x 4 LANES columns; each lane loads four
// columns of B, and the rows of A are spread over the lanes and reach the others by subgroupBroadcast.
// The host's header gives `enable subgroups;` and `const LANES: u32 = 8;`: 4, 8 or 16, not above the adapter's smallest
// subgroup (4 on SwiftShader, 8 on lavapipe).
// Grid (ceil(N / (4 LANES)), ceil(M / 16), 1).  Host: src/kernels/matmul.ts

#include "lib/matmul_quads.wgsl"

const_assert LANES == 4 || LANES == 8 || LANES == 16;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = group.y * 16;
  let cols = group.x * 4 * LANES + lane + vec4u(0, 1, 2, 3) * LANES;
  let cols_in = min(cols, vec4u(N - 1));
  // Row `row + i` of A is in quad i / LANES of lane i % LANES. Constant indices only: SwiftShader keeps an array that is
  // indexed by a variable in memory.
  let a_rows = min(row + lane + vec4u(0, 1, 2, 3) * LANES, vec4u(M - 1));
  var quad = array<vec4f, 4>();
  var sum = array<vec4f, 4>(); // over k, for the bias gradient

  var c0 = vec4f();
  var c1 = vec4f();
  var c2 = vec4f();
  var c3 = vec4f();
  var c4 = vec4f();
  var c5 = vec4f();
  var c6 = vec4f();
  var c7 = vec4f();
  var c8 = vec4f();
  var c9 = vec4f();
  var c10 = vec4f();
  var c11 = vec4f();
  var c12 = vec4f();
  var c13 = vec4f();
  var c14 = vec4f();
  var c15 = vec4f();
  for (var k = 0u; k < K; k += 4) {
    quad[0] = a_quad(a_rows.x, k);
    if (LANES < 16) {
      quad[1] = a_quad(a_rows.y, k);
    }
    if (LANES < 8) {
      quad[2] = a_quad(a_rows.z, k);
      quad[3] = a_quad(a_rows.w, k);
    }
    if (BIAS_GRADIENT) {
      sum[0] += quad[0];
      sum[1] += quad[1];
      sum[2] += quad[2];
      sum[3] += quad[3];
    }
    let bk = b_quad(k, cols_in);
    c0 += bk * subgroupBroadcast(quad[0 / LANES], 0 % LANES);
    c1 += bk * subgroupBroadcast(quad[1 / LANES], 1 % LANES);
    c2 += bk * subgroupBroadcast(quad[2 / LANES], 2 % LANES);
    c3 += bk * subgroupBroadcast(quad[3 / LANES], 3 % LANES);
    c4 += bk * subgroupBroadcast(quad[4 / LANES], 4 % LANES);
    c5 += bk * subgroupBroadcast(quad[5 / LANES], 5 % LANES);
    c6 += bk * subgroupBroadcast(quad[6 / LANES], 6 % LANES);
    c7 += bk * subgroupBroadcast(quad[7 / LANES], 7 % LANES);
    c8 += bk * subgroupBroadcast(quad[8 / LANES], 8 % LANES);
    c9 += bk * subgroupBroadcast(quad[9 / LANES], 9 % LANES);
    c10 += bk * subgroupBroadcast(quad[10 / LANES], 10 % LANES);
    c11 += bk * subgroupBroadcast(quad[11 / LANES], 11 % LANES);
    c12 += bk * subgroupBroadcast(quad[12 / LANES], 12 % LANES);
    c13 += bk * subgroupBroadcast(quad[13 / LANES], 13 % LANES);
    c14 += bk * subgroupBroadcast(quad[14 / LANES], 14 % LANES);
    c15 += bk * subgroupBroadcast(quad[15 / LANES], 15 % LANES);
  }

  begin_epilogue();
  // A loop that stays one: drivers would compile `store` 64 times, which takes seconds on lavapipe.
  var tile = array<vec4f, 16>(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15);
  for (var i = 0u; i < min(16, M - row); i++) {
    for (var j = 0u; j < 4 && cols.x + j * LANES < N; j++) {
      store(row + i, cols.x + j * LANES, tile[i][j]);
    }
  }

  if (BIAS_GRADIENT && group.x == 0) {
    store_sum(row + lane, sum[0]);
    if (LANES < 16) {
      store_sum(row + lane + LANES, sum[1]);
    }
    if (LANES < 8) {
      store_sum(row + lane + 2 * LANES, sum[2]);
      store_sum(row + lane + 3 * LANES, sum[3]);
    }
  }
  end_epilogue(group.y * ((N + 4 * LANES - 1) / (4 * LANES)) + group.x, lane);
}

fn store_sum(row: u32, sum: vec4f) {
  if (row < M) {
    store_bias_gradient(row, dot(sum, vec4f(1.0)));
  }
}
