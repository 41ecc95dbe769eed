// How a matmul reads A, a matrix, four numbers a load. Interface: lib/matmul_operands.wgsl.
//   a [M, K], or [K, GROUPS M] with TRANSPOSE_A
// K must be a multiple of 4, and so must M with TRANSPOSE_A (the host checks): every row of the stored matrix then starts at a
// multiple of 4.

@group(0) @binding(0) var<storage, read> a: array<StoredA>;

alias AStart = vec4u;  // in quads; with TRANSPOSE_A only the first counts: it is that of all four rows

fn a_at(row: u32, k: u32) -> f32 {
  let at = select(row * sizes.k + k, k * sizes.m * GROUPS + before_group(sizes.m) + row, TRANSPOSE_A);
  return f32(a[at / 4][at % 4]);
}

fn a_quads(at: vec4u) -> mat4x4f {
  return mat4x4f(vec4f(a[at.x]), vec4f(a[at.y]), vec4f(a[at.z]), vec4f(a[at.w]));
}

fn a_starts(rows: vec4u) -> AStart {
  if (TRANSPOSE_A) {
    return (rows + before_group(sizes.m)) / 4;
  }
  return rows * (sizes.k / 4);
}

fn a_block(starts: AStart, k: u32) -> mat4x4f {
  if (TRANSPOSE_A) {
    let step = sizes.m / 4 * GROUPS;
    return transpose(a_quads(starts.x + k * step + vec4u(0, 1, 2, 3) * step));
  }
  return a_quads(starts + k / 4);
}
