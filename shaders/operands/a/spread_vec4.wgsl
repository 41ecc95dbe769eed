// As spread.wgsl, four numbers a load. A group's channels of y must be a multiple of 4 (the host checks): the four of a load
// are of one place.

@group(0) @binding(0) var<storage, read> a: array<StoredA>;

alias AStart = Reaches;

fn a_at(row: u32, k: u32) -> f32 {
  return a_block(reaches_at(vec4u(row)), k / 4 * 4)[0][k % 4];
}

fn a_starts(rows: vec4u) -> AStart {
  return reaches_at(rows);
}

fn a_block(starts: AStart, k: u32) -> mat4x4f {
  let channels = Y_CHANNELS / GROUPS;
  let tap = k / channels;
  let down = vec4u(tap / TAPS_WIDTH);
  let right = vec4u(tap % TAPS_WIDTH);
  let row = y_row(starts.bottom, down);
  let column = y_column(starts.right, right);
  let inside = inside_y(row, column, down, right);
  let channel = (before_group(channels) + k % channels) / 4;
  let at = select(vec4u(), (starts.image + vec4u(row) * Y_WIDTH + vec4u(column)) * (Y_CHANNELS / 4) + channel, inside);
  return mat4x4f(
    select(vec4f(), vec4f(a[at.x]), inside.x),
    select(vec4f(), vec4f(a[at.y]), inside.y),
    select(vec4f(), vec4f(a[at.z]), inside.z),
    select(vec4f(), vec4f(a[at.w]), inside.w),
  );
}
