// How a convolution reads A where A is the windows of x: A(place of y, element of the window). Element by element.
// Interface: lib/matmul_operands.wgsl; indices: lib/maps/convolution.wgsl, which the host puts before it.

@group(0) @binding(0) var<storage, read> a: array<StoredA>;

alias AStart = Windows;

fn a_at(row: u32, k: u32) -> f32 {
  let window = windows_at(vec4u(row));
  return a_quad(window.image.x, window.top.x, window.left.x, taps_at(vec4u(k), X_CHANNELS / GROUPS), vec4u(k)).x;
}

fn a_starts(rows: vec4u) -> AStart {
  return windows_at(rows);
}

// A(row, ks) of the row whose window is there.
fn a_quad(image: u32, top: i32, left: i32, taps: Taps, ks: vec4u) -> vec4f {
  let row = top + taps.down;
  let column = left + taps.right;
  let inside = inside_x(row, column) & (ks < vec4u(sizes.k));
  let channel = before_group(X_CHANNELS / GROUPS) + taps.channel;
  let at = select(vec4u(), (image + vec4u(row) * X_WIDTH + vec4u(column)) * X_CHANNELS + channel, inside);
  return select(vec4f(), vec4f(f32(a[at.x]), f32(a[at.y]), f32(a[at.z]), f32(a[at.w])), inside);
}

fn a_block(starts: AStart, k: u32) -> mat4x4f {
  let ks = k + vec4u(0, 1, 2, 3);
  let taps = taps_at(ks, X_CHANNELS / GROUPS);
  return mat4x4f(
    a_quad(starts.image.x, starts.top.x, starts.left.x, taps, ks),
    a_quad(starts.image.y, starts.top.y, starts.left.y, taps, ks),
    a_quad(starts.image.z, starts.top.z, starts.left.z, taps, ks),
    a_quad(starts.image.w, starts.top.w, starts.left.w, taps, ks),
  );
}
