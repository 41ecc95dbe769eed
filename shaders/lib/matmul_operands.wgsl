// The operands of C[M, N] = A B, for every matmul kernel: what a kernel is given to read and to write them. M, N and K are
// sizes.m, sizes.n and sizes.k, each at least 1.
//   a [M, K], or [K, M] with TRANSPOSE_A;  b [K, N], or [N, K] with TRANSPOSE_B: row-major
//   (b's columns may be stored in pairs, with TRANSPOSE_B only)
// What they are stored as the host says, each by itself (alias StoredA, StoredB: f32 or f16, or four of them); arithmetic is
// f32. An epilogue likewise has aliases of what it reads, and for what it writes Stored and stored() (shaders/stored/).
// The host appends how each is read, one file of shaders/operands/a/ and one of operands/b/: scalar.wgsl for any size, vec4.wgsl,
// which binds the same buffer as quads (one load brings four numbers that lie side by side), or, of a convolution, an operand
// that is nowhere in memory as a matrix but found element by element (lib/maps/convolution.wgsl). Each gives, of one element's
// address or four,
//   fn a_at(row: u32, k: u32) -> f32,   fn b_at(k: u32, column: u32) -> f32
//   fn a_starts(rows: vec4u) -> AStart, fn a_block(starts: AStart, k: u32) -> mat4x4f     [i]: A(rows[i], k .. k + 3)
//   fn b_starts(columns: vec4u) -> BStart, fn b_block(starts: BStart, k: u32) -> mat4x4f  [i]: B(k + i, columns)
// `rows` and `columns` are four in a row from a multiple of 4, those beyond the edge set to the last one. From K on a_block
// is zero and b_block is finite where B is, so their product ends at K.
// One dispatch may compute several such products side by side, of the same sizes, along the grid's z: the groups of a
// convolution, and the phases of a transposed one. The host appends where each has its C (shaders/results/):
//   fn begin_product(z: u32)                                each lane calls it first, with the workgroup's z
//   fn result_row(row: u32) -> u32, fn result_column(column: u32) -> u32
//   fn result_width() -> u32                                elements of a row of what is stored
// The host also appends an epilogue (shaders/epilogues/), what is done with C, whose bindings count from 2, and how it takes C
// (epilogues/numbers/): a Number is one element or four side by side. An epilogue gives
//   fn begin_epilogue()                                  each lane calls it once, before it stores
//   fn store(row: u32, column: u32, value: Number)       for all that is stored, in all lanes together once, by result_row and
//                                                        result_column; column counts Numbers
//   fn store_bias_gradient(row: u32, value: Number)      if BIAS_GRADIENT, in all lanes together once; row counts Numbers
//   fn end_epilogue(tile: u32, lane: u32)                once, all lanes of a workgroup at the same place: it may have barriers;
//                                                        tile: the workgroup's number, product by product, row by row
// and numbers/ what a kernel calls instead of the two in the middle, with rows and columns of C:
//   fn store_one(row: u32, column: u32, value: f32)      where a Number is one element
//   fn store_one_bias_gradient(row: u32, value: f32)     likewise
//   fn store_quad(row: u32, column: u32, values: vec4f)  four columns from a multiple of 4; those from N on are nobody's
//   fn store_bias_gradients(row: u32, values: vec4f)     four rows, likewise
// A lane stores an even number of columns of a row, c, c + S, c + 2 S, ... in this order; S is the variant's columnStride, and
// c modulo 2 S is below S.

override K_WHOLE: bool;        // K is a multiple of 4
override TRANSPOSE_A: bool;
override TRANSPOSE_B: bool;
override BIAS_GRADIENT: bool;  // also bias_gradient[row] = sum over k of A(row, k)
override GROUPS: u32 = 1u;     // of a convolution: a matrix that is stored has those of all groups side by side

var<private> product_group: u32;  // from 0: begin_product sets it where there are several

// Columns may come in pairs, (0, pairs), (1, pairs + 1), ...: of each, a lane stores the second right after the first. To
// that end the kernel's column c is the stored column stored_column(c); where a lane's columns are PAIR_STRIDE apart, so are
// the two of a pair. N is then the next multiple of 2 PAIR_STRIDE, and what is beyond the last pair repeats it.
override PAIRED: bool = false;  // else columns are what they are
override PAIR_STRIDE: u32 = 1u;

fn pair_of(column: u32) -> u32 {
  return column / (2u * PAIR_STRIDE) * PAIR_STRIDE + column % PAIR_STRIDE;
}

fn is_second_of_pair(column: u32) -> bool {
  return (column / PAIR_STRIDE) % 2u == 1u;
}

fn stored_columns(columns: vec4u) -> vec4u {
  return vec4u(
    stored_column(columns.x), stored_column(columns.y), stored_column(columns.z), stored_column(columns.w),
  );
}

fn stored_column(column: u32) -> u32 {
  if (!PAIRED) {
    return column;
  }
  return min(pair_of(column), sizes.pairs - 1u) + select(0u, sizes.pairs, is_second_of_pair(column));
}

// Where the result has the Number of a row and column.
fn number_at(row: u32, column: u32) -> u32 {
  return row * (result_width() / WIDTH) + column;
}

// Numbers before this group's in a line that has `count` of each group's.
fn before_group(count: u32) -> u32 {
  return select(0u, product_group * count, GROUPS > 1u);
}
