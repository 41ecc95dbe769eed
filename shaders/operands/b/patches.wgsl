// How a convolution's weight gradient reads B, the windows of x: B(place of y, element of the window). Element by element.
// Interface: lib/matmul_operands.wgsl; indices: lib/maps/convolution.wgsl, which the host puts before it.

@group(0) @binding(1) var<storage, read> b: array<StoredB>;

alias BStart = Taps;

fn b_at(k: u32, column: u32) -> f32 {
  let window = windows_at(vec4u(k));
  return b_quad(window.image.x, window.top.x, window.left.x, taps_at(vec4u(column), X_CHANNELS / GROUPS)).x;
}

fn b_starts(columns: vec4u) -> BStart {
  return taps_at(columns, X_CHANNELS / GROUPS);
}

// B(k, columns) of the k whose window is there.
fn b_quad(image: u32, top: i32, left: i32, taps: Taps) -> vec4f {
  let row = top + taps.down;
  let column = left + taps.right;
  let inside = inside_x(row, column);
  let channel = before_group(X_CHANNELS / GROUPS) + taps.channel;
  let at = select(vec4u(), (image + vec4u(row) * X_WIDTH + vec4u(column)) * X_CHANNELS + channel, inside);
  return select(vec4f(), vec4f(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w])), inside);
}

// The last k again from K on.
fn b_block(starts: BStart, k: u32) -> mat4x4f {
  let windows = windows_at(min(k + vec4u(0, 1, 2, 3), vec4u(sizes.k - 1)));
  return mat4x4f(
    b_quad(windows.image.x, windows.top.x, windows.left.x, starts),
    b_quad(windows.image.y, windows.top.y, windows.left.y, starts),
    b_quad(windows.image.z, windows.top.z, windows.left.z, starts),
    b_quad(windows.image.w, windows.top.w, windows.left.w, starts),
  );
}
