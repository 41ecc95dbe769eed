// C = A B in shared-memory tiles, for GPUs: a workgroup computes TILE_M x TILE_N of C, a lane THREAD_M x THREAD_N of them.
// Operands, sizes and the functions that the host appends: lib/matmul_operands.wgsl. Any M, N, K: rows and columns beyond
// the edge repeat the last one and are not stored; from K on the tiles are zero.
// Grid (ceil(N / TILE_N), ceil(M / TILE_M), products).  Host: src/kernels/matmul/matmul-variants.ts, which supplies as constants:
//   const TILE_M, TILE_N, TILE_K: u32   powers of two
//   const THREAD_M, THREAD_N: u32       4 or 8
//   const SPLIT: u32                    groups of lanes that share K: 1, 2, 4 or 8
// Split: a matmul of few tiles leaves a GPU idle, and each waits for K / TILE_K loads one after the other. So SPLIT groups of
// lanes compute the same tile, each from its own share of K (TILE_K in turn), and add up what they found in shared memory,
// group by group in the order of their numbers: the sum is the same each time. Each group then stores its share of the rows.
// Bank conflicts: a quad is four banks of 32, so eight lanes read without conflict what lies in one run. At one k the lanes'
// quads of a tile do: a lane's first quads lie before all second ones (`place`). While a tile is filled, lanes that differ
// in k write a row apart; a quad of padding a row leaves pairs of them in conflict in place of all four.
// Occupancy: 4x4 a lane needs some 40 registers, 8x4 60, 8x8 100 (then about 20 warps fit an NVIDIA multiprocessor); loads of
// one quad of A and one of B feed 16 multiply-adds, 8x8 twice as many for each load.
// Source: Volkov & Demmel 2008, "Benchmarking GPUs to tune dense linear algebra" (register blocking over shared tiles).

#include "lib/matmul_operands.wgsl"

const LANES_M: u32 = TILE_M / THREAD_M;
const LANES_N: u32 = TILE_N / THREAD_N;
const GROUP: u32 = LANES_M * LANES_N;  // lanes that share a tile and a part of K
const LANES: u32 = SPLIT * GROUP;
const QUADS_M: u32 = THREAD_M / 4;
const QUADS_N: u32 = THREAD_N / 4;
const QUADS: u32 = THREAD_M * QUADS_N;  // of C, a lane
const PITCH_A: u32 = TILE_M / 4 + 1;
const PITCH_B: u32 = TILE_N / 4 + 1;
const TILES: u32 = TILE_K * (PITCH_A + PITCH_B);  // quads of a group's two tiles
const SUMS: u32 = LANES * QUADS * min(SPLIT - 1, 1);  // none without a split

// Of each group a tile of A [k, row] and one of B [k, column]; after the loop the groups' sums [quad, group, lane].
var<workgroup> quads: array<vec4f, max(SPLIT * TILES, SUMS)>;
var<workgroup> row_sums: array<f32, SPLIT * TILE_M>;  // [group, row]: sums of A over the group's k

// Where quad `i` of a row of a tile lies: each lane's first quad, then each lane's second.
fn place(i: u32, quads_a_lane: u32, lanes: u32) -> u32 {
  return i % quads_a_lane * lanes + i / quads_a_lane;
}

// Blocks of 4 x 4, transposed on the way where k is what lies side by side. Neighbouring lanes read neighbouring addresses.
fn fill_a(base: u32, first_row: u32, first_k: u32, block: u32) {
  let row = select(block / (TILE_K / 4), block % (TILE_M / 4), TRANSPOSE_A);
  let k = 4 * select(block % (TILE_K / 4), block / (TILE_M / 4), TRANSPOSE_A);
  var rows = mat4x4f();
  if (first_k + k < sizes.k) {
    let starts = a_starts(min(first_row + 4 * row + vec4u(0, 1, 2, 3), vec4u(sizes.m - 1)));
    rows = transpose(a_block(starts, first_k + k));
  }
  let at = base + k * PITCH_A + place(row, QUADS_M, LANES_M);
  quads[at] = rows[0];
  quads[at + PITCH_A] = rows[1];
  quads[at + 2 * PITCH_A] = rows[2];
  quads[at + 3 * PITCH_A] = rows[3];
}

fn fill_b(base: u32, first_column: u32, first_k: u32, block: u32) {
  let column = select(block % (TILE_N / 4), block / (TILE_K / 4), TRANSPOSE_B);
  let k = 4 * select(block / (TILE_N / 4), block % (TILE_K / 4), TRANSPOSE_B);
  var rows = mat4x4f();
  if (first_k + k < sizes.k) {
    let starts = b_starts(min(first_column + 4 * column + vec4u(0, 1, 2, 3), vec4u(sizes.n - 1)));
    rows = b_block(starts, first_k + k);
  }
  let at = base + k * PITCH_B + place(column, QUADS_N, LANES_N);
  quads[at] = rows[0];
  quads[at + PITCH_B] = rows[1];
  quads[at + 2 * PITCH_B] = rows[2];
  quads[at + 3 * PITCH_B] = rows[3];
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  begin_product(workgroup.z);
  let first_row = workgroup.y * TILE_M;
  let first_column = workgroup.x * TILE_N;
  let group = lane / GROUP;
  let member = lane % GROUP;
  let lane_row = member / LANES_N;
  let lane_column = member % LANES_N;
  let base_a = group * TILES;
  let base_b = base_a + TILE_K * PITCH_A;
  var c: array<vec4f, QUADS>;  // [row of the lane, quad]
  var a_sums: array<vec4f, QUADS_M>;

  for (var first_k = 0u; first_k < sizes.k; first_k += SPLIT * TILE_K) {
    let own_k = first_k + group * TILE_K;
    for (var block = member; block < TILE_M / 4 * (TILE_K / 4); block += GROUP) {
      fill_a(base_a, first_row, own_k, block);
    }
    for (var block = member; block < TILE_N / 4 * (TILE_K / 4); block += GROUP) {
      fill_b(base_b, first_column, own_k, block);
    }
    workgroupBarrier();  // both tiles are complete
    for (var k = 0u; k < TILE_K; k++) {
      var a_quads: array<vec4f, QUADS_M>;
      for (var q = 0u; q < QUADS_M; q++) {
        a_quads[q] = quads[base_a + k * PITCH_A + q * LANES_M + lane_row];
        if (BIAS_GRADIENT) {
          a_sums[q] += a_quads[q];
        }
      }
      for (var q = 0u; q < QUADS_N; q++) {
        let b_quad = quads[base_b + k * PITCH_B + q * LANES_N + lane_column];
        for (var i = 0u; i < THREAD_M; i++) {
          c[i * QUADS_N + q] = fma(vec4f(a_quads[i / 4][i % 4]), b_quad, c[i * QUADS_N + q]);
        }
      }
    }
    workgroupBarrier();  // every lane is done with the tiles before they are filled again, or sums take their place
  }

  if (SPLIT > 1) {
    for (var i = 0u; i < QUADS; i++) {
      quads[i * LANES + lane] = c[i];
    }
    if (BIAS_GRADIENT && lane_column == 0) {
      for (var i = 0u; i < THREAD_M; i++) {
        row_sums[group * TILE_M + lane_row * THREAD_M + i] = a_sums[i / 4][i % 4];
      }
    }
    workgroupBarrier();  // all groups' sums are there
  }

  begin_epilogue();
  for (var i = group; i < THREAD_M; i += SPLIT) {
    let tile_row = lane_row * THREAD_M + i;
    let row = first_row + tile_row;
    if (row >= sizes.m) {
      continue;
    }
    if (BIAS_GRADIENT && workgroup.x == 0 && lane_column == 0) {
      var sum = 0.0;
      if (SPLIT == 1) {
        sum = a_sums[i / 4][i % 4];
      } else {
        for (var other = 0u; other < SPLIT; other++) {
          sum += row_sums[other * TILE_M + tile_row];
        }
      }
      store_one_bias_gradient(row, sum);
    }
    for (var q = 0u; q < QUADS_N; q++) {
      var sum = vec4f();
      if (SPLIT == 1) {
        sum = c[i * QUADS_N + q];
      } else {
        for (var other = 0u; other < SPLIT; other++) {
          sum += quads[(i * QUADS_N + q) * LANES + other * GROUP + member];
        }
      }
      let column = first_column + lane_column * THREAD_N + 4 * q;
      if (column < sizes.n) {
        store_quad(row, column, sum);
      }
    }
  }
  let tiles = vec2u((sizes.n + TILE_N - 1) / TILE_N, (sizes.m + TILE_M - 1) / TILE_M);
  end_epilogue((workgroup.z * tiles.y + workgroup.y) * tiles.x + workgroup.x, lane);
}
