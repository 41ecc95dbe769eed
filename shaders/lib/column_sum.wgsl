// Sums down the columns of a matrix. A workgroup takes BLOCK columns; its lanes lie along them first and then down the rows,
// so that neighbours read what lies side by side, and few columns still have many lanes.
// WORKGROUP and BLOCK are powers of two, BLOCK <= WORKGROUP; the host checks.  Host: src/kernels/column-blocks.ts

override WORKGROUP: u32;
override BLOCK: u32;

var<workgroup> column_scratch: array<f32, WORKGROUP>;

// The sum of one value a lane over the lanes of the same column, in a fixed order: the same bits every time. Every lane must
// call it, and every lane gets its column's sum.
fn column_sum(lane: u32, value: f32) -> f32 {
  column_scratch[lane] = value;
  workgroupBarrier();  // every lane's value is in scratch
  for (var width = WORKGROUP / 2u; width >= BLOCK; width /= 2u) {
    if (lane < width) {
      column_scratch[lane] += column_scratch[lane + width];
    }
    workgroupBarrier();  // this level is complete before the next one reads it
  }
  let total = column_scratch[lane % BLOCK];
  workgroupBarrier();  // every lane has read its total before scratch is used again
  return total;
}
