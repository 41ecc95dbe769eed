// Which numbers of a matrix are a lane's where each is treated by itself, but what is done depends on the column: one column, down
// a strip of rows. A workgroup takes BLOCK columns of `part` rows; its lanes lie along the columns first.
// WORKGROUP and BLOCK are powers of two, BLOCK <= WORKGROUP.  Host: stripGrid() in src/kernels/column-blocks.ts

override WORKGROUP: u32;
override BLOCK: u32;

override ROWS_AT_ONCE = WORKGROUP / BLOCK;

fn strip_column(workgroup: vec3u, lane: u32) -> u32 {
  return workgroup.x * BLOCK + lane % BLOCK;
}

fn strip_first(workgroup: vec3u, lane: u32) -> u32 {
  return workgroup.y * sizes.part + lane / BLOCK;
}

fn strip_end(workgroup: vec3u) -> u32 {
  return min((workgroup.y + 1u) * sizes.part, sizes.rows);
}
