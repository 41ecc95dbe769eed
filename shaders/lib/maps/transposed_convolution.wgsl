// x as a transposed convolution gives it: which places of y, and which elements of the kernel, reach a place of x.
// With a stride, most elements of the kernel reach a given row of x from between two rows of y. Which do not follows from the row
// modulo the stride: its phase. So where all phases have as many rows, each is a product of its own (PHASED), over the
// TAPS_HEIGHT x TAPS_WIDTH elements that count: kernel 4, stride 2 takes a quarter of the multiply-adds. Otherwise there is one
// phase, and what reaches from between is zero.
#include "lib/maps/convolution.wgsl"

override PHASED: bool;       // DILATION is 1 then
override TAPS_HEIGHT: u32;   // ceil(KERNEL / STRIDE), or KERNEL
override TAPS_WIDTH: u32;

var<private> phase: vec2u;  // row and column; zero if not PHASED

// Four places of x, as seen from y: the row and column that tap 0 comes from, times the stride if not PHASED.
struct Reaches {
  image: vec4u,  // its first place in y
  bottom: vec4i,
  right: vec4i,
}

fn phases() -> vec2u {
  return select(vec2u(1), vec2u(STRIDE_HEIGHT, STRIDE_WIDTH), PHASED);
}

// The element of the kernel that tap 0 of this phase is; the next ones are a stride further if PHASED.
fn first_tap() -> vec2u {
  return (phase + vec2u(PADDING_HEIGHT, PADDING_WIDTH)) % phases();
}

fn element_of(tap: vec2u) -> vec2u {
  return first_tap() + tap * phases();
}

fn reaches_at(places: vec4u) -> Reaches {
  let size = vec2u(X_HEIGHT, X_WIDTH) / phases();
  let at = places % (size.x * size.y);
  let offset = vec2i((phase + vec2u(PADDING_HEIGHT, PADDING_WIDTH) - first_tap()) / phases());
  return Reaches(
    places / (size.x * size.y) * (Y_HEIGHT * Y_WIDTH),
    vec4i(at / size.y) + offset.x,
    vec4i(at % size.y) + offset.y,
  );
}

// The row or column of y, or a negative number where there is none.
fn y_at(reach: vec4i, tap: vec4u, stride: u32, dilation: u32) -> vec4i {
  let source = reach - vec4i(tap * select(dilation, 1u, PHASED));
  if (PHASED || stride == 1u) {
    return source;
  }
  let step = i32(stride);
  return select(vec4i(-1), source / step, (source >= vec4i(0)) & (source % step == vec4i(0)));
}

fn y_row(reach: vec4i, tap: vec4u) -> vec4i {
  return y_at(reach, tap, STRIDE_HEIGHT, DILATION_HEIGHT);
}

fn y_column(reach: vec4i, tap: vec4u) -> vec4i {
  return y_at(reach, tap, STRIDE_WIDTH, DILATION_WIDTH);
}

fn inside_y(row: vec4i, column: vec4i, down: vec4u, right: vec4u) -> vec4<bool> {
  let first = first_tap();
  let in_kernel = (first.x + down * phases().x < vec4u(KERNEL_HEIGHT)) & (first.y + right * phases().y < vec4u(KERNEL_WIDTH));
  return (vec4u(row) < vec4u(Y_HEIGHT)) & (vec4u(column) < vec4u(Y_WIDTH)) & in_kernel;
}
