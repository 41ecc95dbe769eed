// How a transposed convolution reads B, its weight: B(tap and channel of y, channel of x). Element by element.
// Interface: lib/matmul_operands.wgsl; indices: lib/maps/transposed_convolution.wgsl, which the host puts before it.

@group(0) @binding(1) var<storage, read> b: array<StoredB>;

alias BStart = vec4u;  // columns

// Where the weight has what one k multiplies; of a tap beyond the kernel the last one, which A has zeros for.
fn line_at(k: u32) -> u32 {
  let channels = Y_CHANNELS / GROUPS;
  let tap = k / channels;
  let element = min(element_of(vec2u(tap / TAPS_WIDTH, tap % TAPS_WIDTH)), vec2u(KERNEL_HEIGHT, KERNEL_WIDTH) - 1);
  let channel = before_group(channels) + k % channels;
  return ((channel * KERNEL_HEIGHT + element.x) * KERNEL_WIDTH + element.y) * sizes.n;
}

fn b_at(k: u32, column: u32) -> f32 {
  return f32(b[line_at(k) + column]);
}

fn b_starts(columns: vec4u) -> BStart {
  return columns;
}

// B(k, columns); the last k again from K on.
fn b_row(columns: BStart, k: u32) -> vec4f {
  let at = line_at(min(k, sizes.k - 1)) + columns;
  return vec4f(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w]));
}

fn b_block(starts: BStart, k: u32) -> mat4x4f {
  return mat4x4f(b_row(starts, k), b_row(starts, k + 1), b_row(starts, k + 2), b_row(starts, k + 3));
}
