// x = conv_transpose2d(y, weight), one element of x an invocation: what unfused plans are made of. Fused ones compute it as a
// matmul. It is also the gradient of conv2d's input.
//   y [images, Y_HEIGHT, Y_WIDTH, Y_CHANNELS], weight [Y_CHANNELS, KERNEL_HEIGHT, KERNEL_WIDTH, X_CHANNELS / GROUPS]
//   -> x [images, X_HEIGHT, X_WIDTH, X_CHANNELS]
// Grid: sizes.count elements, linear.  Host: src/kernels/matmul/convolution.ts; formula and source: lib/maps/convolution.wgsl
#include "lib/maps/convolution.wgsl"
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> y: array<StoredY>;
@group(0) @binding(1) var<storage, read> weight: array<StoredWeight>;
@group(0) @binding(2) var<storage, read_write> x: array<f32>;

override GROUPS: u32;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at >= sizes.count) {
    return;
  }
  let channels = X_CHANNELS / GROUPS;
  let y_channels = Y_CHANNELS / GROUPS;
  let channel = at % X_CHANNELS;
  let column = at / X_CHANNELS % X_WIDTH;
  let row = at / X_CHANNELS / X_WIDTH % X_HEIGHT;
  let image = at / X_CHANNELS / X_WIDTH / X_HEIGHT;
  let first = channel / channels * y_channels;  // channel of y
  var sum = 0.0;
  for (var p = 0u; p < KERNEL_HEIGHT; p++) {
    // row = y_row STRIDE + p DILATION - PADDING
    let from_row = i32(row + PADDING_HEIGHT) - i32(p * DILATION_HEIGHT);
    let y_row = from_row / i32(STRIDE_HEIGHT);
    if (from_row < 0 || from_row % i32(STRIDE_HEIGHT) != 0 || y_row >= i32(Y_HEIGHT)) {
      continue;
    }
    for (var q = 0u; q < KERNEL_WIDTH; q++) {
      let from_column = i32(column + PADDING_WIDTH) - i32(q * DILATION_WIDTH);
      let y_column = from_column / i32(STRIDE_WIDTH);
      if (from_column < 0 || from_column % i32(STRIDE_WIDTH) != 0 || y_column >= i32(Y_WIDTH)) {
        continue;
      }
      let y_at = ((image * Y_HEIGHT + u32(y_row)) * Y_WIDTH + u32(y_column)) * Y_CHANNELS + first;
      for (var o = 0u; o < y_channels; o++) {
        let weight_at = (((first + o) * KERNEL_HEIGHT + p) * KERNEL_WIDTH + q) * channels + channel % channels;
        sum += f32(y[y_at + o]) * f32(weight[weight_at]);
      }
    }
  }
  x[at] = sum;
}
