// As patches.wgsl, four numbers a load. A group's channels must be a multiple of 4 (the host checks): the four of a load are
// of one place.

@group(0) @binding(1) var<storage, read> b: array<StoredB>;

alias BStart = Taps;  // only the first counts but for its channel: four columns are of one place

fn b_at(k: u32, column: u32) -> f32 {
  return b_block(taps_at(vec4u(column / 4 * 4), X_CHANNELS / GROUPS), k)[0][column % 4];
}

fn b_starts(columns: vec4u) -> BStart {
  return taps_at(columns, X_CHANNELS / GROUPS);
}

// The last k again from K on.
fn b_block(starts: BStart, k: u32) -> mat4x4f {
  let windows = windows_at(min(k + vec4u(0, 1, 2, 3), vec4u(sizes.k - 1)));
  let row = windows.top + starts.down.x;
  let column = windows.left + starts.right.x;
  let inside = inside_x(row, column);
  let channel = (before_group(X_CHANNELS / GROUPS) + starts.channel.x) / 4;
  let at = select(vec4u(), (windows.image + vec4u(row) * X_WIDTH + vec4u(column)) * (X_CHANNELS / 4) + channel, inside);
  return mat4x4f(
    select(vec4f(), vec4f(b[at.x]), inside.x),
    select(vec4f(), vec4f(b[at.y]), inside.y),
    select(vec4f(), vec4f(b[at.z]), inside.z),
    select(vec4f(), vec4f(b[at.w]), inside.w),
  );
}
