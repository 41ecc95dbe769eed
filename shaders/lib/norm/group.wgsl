// The numbers of one example that are normalised together: sizes.statistic_rows rows of sizes.group_columns columns.

// Where number `item` of them lies in x [rows, columns]; workgroup (group, example).
fn element_of(workgroup: vec3u, item: u32) -> u32 {
  let row = workgroup.y * sizes.statistic_rows + item / sizes.group_columns;
  return row * sizes.columns + workgroup.x * sizes.group_columns + item % sizes.group_columns;
}
