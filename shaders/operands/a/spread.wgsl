// How a transposed convolution reads A, what of y reaches a place of x: A(place of x, tap and channel of y). Element by
// element.  Interface: lib/matmul_operands.wgsl; indices: lib/maps/transposed_convolution.wgsl, which the host puts before it.

@group(0) @binding(0) var<storage, read> a: array<StoredA>;

alias AStart = Reaches;

fn a_at(row: u32, k: u32) -> f32 {
  let reach = reaches_at(vec4u(row));
  return a_quad(reach.image.x, reach.bottom.x, reach.right.x, vec4u(k)).x;
}

fn a_starts(rows: vec4u) -> AStart {
  return reaches_at(rows);
}

// A(row, ks) of the row that is reached from there.
fn a_quad(image: u32, bottom: i32, right: i32, ks: vec4u) -> vec4f {
  let channels = Y_CHANNELS / GROUPS;
  let taps = ks / channels;
  let row = y_row(vec4i(bottom), taps / TAPS_WIDTH);
  let column = y_column(vec4i(right), taps % TAPS_WIDTH);
  let inside = inside_y(row, column, taps / TAPS_WIDTH, taps % TAPS_WIDTH) & (ks < vec4u(sizes.k));
  let channel = before_group(channels) + ks % channels;
  let at = select(vec4u(), (image + vec4u(row) * Y_WIDTH + vec4u(column)) * Y_CHANNELS + channel, inside);
  return select(vec4f(), vec4f(f32(a[at.x]), f32(a[at.y]), f32(a[at.z]), f32(a[at.w])), inside);
}

fn a_block(starts: AStart, k: u32) -> mat4x4f {
  let ks = k + vec4u(0, 1, 2, 3);
  return mat4x4f(
    a_quad(starts.image.x, starts.bottom.x, starts.right.x, ks),
    a_quad(starts.image.y, starts.bottom.y, starts.right.y, ks),
    a_quad(starts.image.z, starts.bottom.z, starts.right.z, ks),
    a_quad(starts.image.w, starts.bottom.w, starts.right.w, ks),
  );
}
