// C[M, N] = A B in float32 without shared memory, barriers or subgroups: the form for software adapters that lack the
// "subgroups" feature (with it, matmul_subgroups.wgsl is about twice as fast). Operands, sizes and the
// functions that the host appends: lib/matmul_operands.wgsl. Any M, N, K; a row or column beyond the edge repeats the last
// one and is not stored.
// One invocation computes 8 rows x 8 columns in registers. Rows depend on the workgroup only, so its lanes share cache
// lines of A; neighbouring lanes take neighbouring columns.
// Grid (ceil(N / (8 WG)), ceil(M / 8), products).  Host: src/kernels/matmul/matmul.ts

#include "lib/matmul_operands.wgsl"

override WG: u32 = 8; // lanes that run together: 8 on lavapipe, 4 on SwiftShader; any value is right

fn b_columns(k: u32, columns: vec4u) -> vec4f {
  return vec4f(b_at(k, columns.x), b_at(k, columns.y), b_at(k, columns.z), b_at(k, columns.w));
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  begin_product(group.z);
  let row = group.y * 8;
  let left = group.x * 8 * WG + lane + vec4u(0, 1, 2, 3) * WG; // columns of the left half, and of the right
  let right = left + 4 * WG;
  let left_in = min(left, vec4u(sizes.n - 1));
  let right_in = min(right, vec4u(sizes.n - 1));
  let last = sizes.m - 1;
  let row0 = min(row + 0, last);
  let row1 = min(row + 1, last);
  let row2 = min(row + 2, last);
  let row3 = min(row + 3, last);
  let row4 = min(row + 4, last);
  let row5 = min(row + 5, last);
  let row6 = min(row + 6, last);
  let row7 = min(row + 7, last);

  // One name a row: SwiftShader keeps an array that is indexed in a loop in memory.
  var l0 = vec4f();
  var r0 = vec4f();
  var l1 = vec4f();
  var r1 = vec4f();
  var l2 = vec4f();
  var r2 = vec4f();
  var l3 = vec4f();
  var r3 = vec4f();
  var l4 = vec4f();
  var r4 = vec4f();
  var l5 = vec4f();
  var r5 = vec4f();
  var l6 = vec4f();
  var r6 = vec4f();
  var l7 = vec4f();
  var r7 = vec4f();
  for (var k = 0u; k < sizes.k; k++) {
    let bl = b_columns(k, left_in);
    let br = b_columns(k, right_in);
    let a0 = a_at(row0, k);
    l0 += a0 * bl;
    r0 += a0 * br;
    let a1 = a_at(row1, k);
    l1 += a1 * bl;
    r1 += a1 * br;
    let a2 = a_at(row2, k);
    l2 += a2 * bl;
    r2 += a2 * br;
    let a3 = a_at(row3, k);
    l3 += a3 * bl;
    r3 += a3 * br;
    let a4 = a_at(row4, k);
    l4 += a4 * bl;
    r4 += a4 * br;
    let a5 = a_at(row5, k);
    l5 += a5 * bl;
    r5 += a5 * br;
    let a6 = a_at(row6, k);
    l6 += a6 * bl;
    r6 += a6 * br;
    let a7 = a_at(row7, k);
    l7 += a7 * bl;
    r7 += a7 * br;
  }

  begin_epilogue();
  // A loop that stays one: drivers would compile `store` 64 times, which takes seconds on lavapipe.
  var tile = array<vec4f, 16>(l0, r0, l1, r1, l2, r2, l3, r3, l4, r4, l5, r5, l6, r6, l7, r7);
  for (var i = 0u; i < min(8, sizes.m - row); i++) {
    for (var j = 0u; j < 8 && left.x + j * WG < sizes.n; j++) {
      store_one(row + i, left.x + j * WG, tile[2 * i + j / 4][j % 4]);
    }
  }

  if (BIAS_GRADIENT && group.x == 0) {
    for (var i = lane; i < 8 && row + i < sizes.m; i += WG) {
      var sum = 0.0;
      for (var k = 0u; k < sizes.k; k++) {
        sum += a_at(row + i, k);
      }
      store_one_bias_gradient(row + i, sum);
    }
  }
  let tiles = vec2u((sizes.n + 8 * WG - 1) / (8 * WG), (sizes.m + 7) / 8);
  end_epilogue((group.z * tiles.y + group.y) * tiles.x + group.x, lane);
}
