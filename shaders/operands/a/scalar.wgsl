// How a matmul reads A, a matrix, element by element: any M and K. Interface: lib/matmul_operands.wgsl.
//   a [M, K], or [K, GROUPS M] with TRANSPOSE_A

@group(0) @binding(0) var<storage, read> a: array<StoredA>;

alias AStart = vec4u;  // where a row begins

fn a_first(row: u32) -> u32 {
  return select(row * sizes.k, row + before_group(sizes.m), TRANSPOSE_A);
}

fn a_step() -> u32 {
  return select(1, sizes.m * GROUPS, TRANSPOSE_A);
}

fn a_at(row: u32, k: u32) -> f32 {
  return f32(a[a_first(row) + k * a_step()]);
}

fn a_starts(rows: vec4u) -> AStart {
  if (TRANSPOSE_A) {
    return rows + before_group(sizes.m);
  }
  return rows * sizes.k;
}

fn a_numbers(at: vec4u) -> vec4f {
  return vec4f(f32(a[at.x]), f32(a[at.y]), f32(a[at.z]), f32(a[at.w]));
}

// A(row, k .. k + 3) of the row that starts at `start`.
fn a_quad(start: u32, k: u32) -> vec4f {
  let step = a_step();
  if (K_WHOLE) {
    let at = start + k * step;
    return a_numbers(at + vec4u(0, 1, 2, 3) * step);
  }
  let ks = k + vec4u(0, 1, 2, 3);
  let at = start + min(ks, vec4u(sizes.k - 1)) * step;
  return select(vec4f(), a_numbers(at), ks < vec4u(sizes.k));
}

fn a_block(starts: AStart, k: u32) -> mat4x4f {
  return mat4x4f(a_quad(starts.x, k), a_quad(starts.y, k), a_quad(starts.z, k), a_quad(starts.w, k));
}
