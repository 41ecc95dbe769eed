// A two-dimensional convolution y = conv2d(x, w) as index arithmetic, for operands of matmuls and for the kernels that do no
// more than it says. Feature maps have their channels innermost:
//   x [images, X_HEIGHT, X_WIDTH, X_CHANNELS], y [images, Y_HEIGHT, Y_WIDTH, Y_CHANNELS],
//   w [Y_CHANNELS, KERNEL_HEIGHT, KERNEL_WIDTH, X_CHANNELS / GROUPS]
//   y[i, v, u, o] = sum over p, q, c of x[i, v STRIDE + p DILATION - PADDING, u STRIDE + q DILATION - PADDING, c] w[o, p, q, c],
//   x zero outside, c over the channels of o's group
// A transposed convolution takes y and w and gives x: it is the gradient of x, and the same sum the other way round.
// Source: torch.nn.Conv2d, torch.nn.ConvTranspose2d.  Host: src/kernels/matmul/convolution.ts

override X_HEIGHT: u32;
override X_WIDTH: u32;
override X_CHANNELS: u32;
override Y_HEIGHT: u32;
override Y_WIDTH: u32;
override Y_CHANNELS: u32;
override KERNEL_HEIGHT: u32;
override KERNEL_WIDTH: u32;
override STRIDE_HEIGHT: u32;
override STRIDE_WIDTH: u32;
override PADDING_HEIGHT: u32;
override PADDING_WIDTH: u32;
override DILATION_HEIGHT: u32;
override DILATION_WIDTH: u32;

// Where four places of y look at x: the window's upper left corner in it, which may lie outside.
struct Windows {
  image: vec4u,  // its first place in x
  top: vec4i,
  left: vec4i,
}

// Four elements of a window.
struct Taps {
  down: vec4i,  // from its top
  right: vec4i,
  channel: vec4u,  // of the group's
}

fn windows_at(places: vec4u) -> Windows {
  let at = places % (Y_HEIGHT * Y_WIDTH);
  return Windows(
    places / (Y_HEIGHT * Y_WIDTH) * (X_HEIGHT * X_WIDTH),
    vec4i(at / Y_WIDTH * STRIDE_HEIGHT) - i32(PADDING_HEIGHT),
    vec4i(at % Y_WIDTH * STRIDE_WIDTH) - i32(PADDING_WIDTH),
  );
}

// Of elements of [KERNEL_HEIGHT, KERNEL_WIDTH, channels].
fn taps_at(elements: vec4u, channels: u32) -> Taps {
  let taps = elements / channels;
  return Taps(
    vec4i(taps / KERNEL_WIDTH * DILATION_HEIGHT),
    vec4i(taps % KERNEL_WIDTH * DILATION_WIDTH),
    elements % channels,
  );
}

fn inside_x(row: vec4i, column: vec4i) -> vec4<bool> {
  // What is negative is large as u32.
  return (vec4u(row) < vec4u(X_HEIGHT)) & (vec4u(column) < vec4u(X_WIDTH));
}
