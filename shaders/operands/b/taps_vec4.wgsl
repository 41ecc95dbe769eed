// As taps.wgsl, four numbers a load. N, a group's channels of x, must be a multiple of 4 (the host checks).

@group(0) @binding(1) var<storage, read> b: array<StoredB>;

alias BStart = u32;  // in quads: of four columns

// In quads, where the weight has what one k multiplies; of a tap beyond the kernel the last one, which A has zeros for.
fn line_at(k: u32) -> u32 {
  let channels = Y_CHANNELS / GROUPS;
  let tap = k / channels;
  let element = min(element_of(vec2u(tap / TAPS_WIDTH, tap % TAPS_WIDTH)), vec2u(KERNEL_HEIGHT, KERNEL_WIDTH) - 1);
  let channel = before_group(channels) + k % channels;
  return ((channel * KERNEL_HEIGHT + element.x) * KERNEL_WIDTH + element.y) * (sizes.n / 4);
}

fn b_at(k: u32, column: u32) -> f32 {
  return f32(b[line_at(k) + column / 4][column % 4]);
}

fn b_starts(columns: vec4u) -> BStart {
  return columns.x / 4;
}

// B(k, columns); the last k again from K on.
fn b_row(start: BStart, k: u32) -> vec4f {
  return vec4f(b[line_at(min(k, sizes.k - 1)) + start]);
}

fn b_block(start: BStart, k: u32) -> mat4x4f {
  return mat4x4f(b_row(start, k), b_row(start, k + 1), b_row(start, k + 2), b_row(start, k + 3));
}
