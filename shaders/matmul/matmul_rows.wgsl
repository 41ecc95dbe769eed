// C[M, N] = A B in float32 for many rows and few columns: without shared memory, barriers or subgroups, for software adapters.
// There the other forms compute 8 or 32 columns side by side, of which an image's one or three channels fill few. Operands, sizes
// and the functions that the host appends: lib/matmul_operands.wgsl. Any M, N, K; a row or column beyond the edge repeats the
// last one and is not stored.
// A lane computes 8 rows side by side and COLUMNS columns; each block of B that it loads serves two of A.
// The host's header gives
//   const COLUMNS: u32  4, or 1 where N is 1
//   const LANES: u32
// Grid (ceil(N / COLUMNS), ceil(M / (8 LANES)), products).  Host: src/kernels/matmul/matmul-variants.ts

#include "lib/matmul_operands.wgsl"

const_assert COLUMNS == 1 || COLUMNS == 4;

// C of four rows: one column, or a row of columns each.
struct Sums {
  column: vec4f,
  rows: mat4x4f,
}

fn b_ks(k: u32, column: u32) -> vec4f {
  let ks = min(k + vec4u(0, 1, 2, 3), vec4u(sizes.k - 1));
  return vec4f(b_at(ks.x, column), b_at(ks.y, column), b_at(ks.z, column), b_at(ks.w, column));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  begin_product(group.z);
  let row = (group.y * LANES + lane) * 8;
  let column = group.x * COLUMNS;
  let last = vec4u(sizes.m - 1);
  let upper_starts = a_starts(min(row + vec4u(0, 1, 2, 3), last));
  let lower_starts = a_starts(min(row + vec4u(4, 5, 6, 7), last));
  let column_starts = b_starts(min(column + vec4u(0, 1, 2, 3), vec4u(sizes.n - 1)));
  var upper: Sums;
  var lower: Sums;
  var upper_bias = vec4f();
  var lower_bias = vec4f();
  for (var k = 0u; k < sizes.k; k += 4) {
    let above = a_block(upper_starts, k);
    let below = a_block(lower_starts, k);
    if (COLUMNS == 1) {
      let b = b_ks(k, column);
      upper.column += b * above;
      lower.column += b * below;
    } else {
      let b = b_block(column_starts, k);
      upper.rows += b * above;
      lower.rows += b * below;
    }
    if (BIAS_GRADIENT) {
      upper_bias += vec4f(1.0) * above;
      lower_bias += vec4f(1.0) * below;
    }
  }

  begin_epilogue();
  // Loops that stay loops: drivers would compile `store` for each row.
  var in_column = array<vec4f, 2>(upper.column, lower.column);
  var in_rows = array<mat4x4f, 2>(upper.rows, lower.rows);
  for (var at = row; at < min(row + 8, sizes.m); at++) {
    let half = (at - row) / 4;
    if (COLUMNS == 1) {
      store_quad(at, column, vec4f(in_column[half][(at - row) % 4]));
    } else {
      store_quad(at, column, in_rows[half][(at - row) % 4]);
    }
  }
  if (BIAS_GRADIENT && group.x == 0) {
    if (row < sizes.m) {
      store_bias_gradients(row, upper_bias);
    }
    if (row + 4 < sizes.m) {
      store_bias_gradients(row + 4, lower_bias);
    }
  }
  let tiles = vec2u((sizes.n + COLUMNS - 1) / COLUMNS, (sizes.m + 8 * LANES - 1) / (8 * LANES));
  end_epilogue((group.z * tiles.y + group.y) * tiles.x + group.x, lane);
}
