// As patches.wgsl, four numbers a load. A group's channels must be a multiple of 4 (the host checks): the four of a load are
// of one place.

@group(0) @binding(0) var<storage, read> a: array<StoredA>;

alias AStart = Windows;

fn a_at(row: u32, k: u32) -> f32 {
  return a_block(windows_at(vec4u(row)), k / 4 * 4)[0][k % 4];
}

fn a_starts(rows: vec4u) -> AStart {
  return windows_at(rows);
}

fn a_block(starts: AStart, k: u32) -> mat4x4f {
  let tap = taps_at(vec4u(k), X_CHANNELS / GROUPS);
  let row = starts.top + tap.down.x;
  let column = starts.left + tap.right.x;
  let inside = inside_x(row, column);
  let channel = (before_group(X_CHANNELS / GROUPS) + tap.channel.x) / 4;
  let at = select(vec4u(), (starts.image + vec4u(row) * X_WIDTH + vec4u(column)) * (X_CHANNELS / 4) + channel, inside);
  return mat4x4f(
    select(vec4f(), vec4f(a[at.x]), inside.x),
    select(vec4f(), vec4f(a[at.y]), inside.y),
    select(vec4f(), vec4f(a[at.z]), inside.z),
    select(vec4f(), vec4f(a[at.w]), inside.w),
  );
}
