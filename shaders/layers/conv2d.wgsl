// y = conv2d(x, weight), one element of y an invocation: what unfused plans are made of. Fused ones compute it as a matmul.
//   x [images, X_HEIGHT, X_WIDTH, X_CHANNELS], weight [Y_CHANNELS, KERNEL_HEIGHT, KERNEL_WIDTH, X_CHANNELS / GROUPS]
//   -> y [images, Y_HEIGHT, Y_WIDTH, Y_CHANNELS]
// Grid: sizes.count elements, linear.  Host: src/kernels/matmul/convolution.ts; formula and source: lib/maps/convolution.wgsl
#include "lib/maps/convolution.wgsl"
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read> weight: array<StoredWeight>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

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
  let out = at % Y_CHANNELS;
  let column = at / Y_CHANNELS % Y_WIDTH;
  let row = at / Y_CHANNELS / Y_WIDTH % Y_HEIGHT;
  let image = at / Y_CHANNELS / Y_WIDTH / Y_HEIGHT;
  let first = out / (Y_CHANNELS / GROUPS) * channels;  // channel of x
  var sum = 0.0;
  for (var p = 0u; p < KERNEL_HEIGHT; p++) {
    let x_row = i32(row * STRIDE_HEIGHT + p * DILATION_HEIGHT) - i32(PADDING_HEIGHT);
    if (x_row < 0 || x_row >= i32(X_HEIGHT)) {
      continue;
    }
    for (var q = 0u; q < KERNEL_WIDTH; q++) {
      let x_column = i32(column * STRIDE_WIDTH + q * DILATION_WIDTH) - i32(PADDING_WIDTH);
      if (x_column < 0 || x_column >= i32(X_WIDTH)) {
        continue;
      }
      let x_at = ((image * X_HEIGHT + u32(x_row)) * X_WIDTH + u32(x_column)) * X_CHANNELS + first;
      let weight_at = ((out * KERNEL_HEIGHT + p) * KERNEL_WIDTH + q) * channels;
      for (var c = 0u; c < channels; c++) {
        sum += f32(x[x_at + c]) * f32(weight[weight_at + c]);
      }
    }
  }
  y[at] = sum;
}
