// The gradient of conv2d's weight, one element an invocation: what unfused plans are made of. Fused ones compute it as a matmul.
//   y [images, Y_HEIGHT, Y_WIDTH, Y_CHANNELS], the gradient of conv2d's output; x [images, X_HEIGHT, X_WIDTH, X_CHANNELS]
//   -> weight [Y_CHANNELS, KERNEL_HEIGHT, KERNEL_WIDTH, X_CHANNELS / GROUPS]
// Grid: sizes.count elements, linear.  Host: src/kernels/matmul/convolution.ts; formula and source: lib/maps/convolution.wgsl
#include "lib/maps/convolution.wgsl"
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> y: array<StoredY>;
@group(0) @binding(1) var<storage, read> x: array<StoredX>;
@group(0) @binding(2) var<storage, read_write> weight: array<f32>;

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
  let q = at / channels % KERNEL_WIDTH;
  let p = at / channels / KERNEL_WIDTH % KERNEL_HEIGHT;
  let out = at / channels / KERNEL_WIDTH / KERNEL_HEIGHT;
  let channel = out / (Y_CHANNELS / GROUPS) * channels + at % channels;
  var sum = 0.0;
  for (var image = 0u; image < sizes.images; image++) {
    for (var row = 0u; row < Y_HEIGHT; row++) {
      let x_row = i32(row * STRIDE_HEIGHT + p * DILATION_HEIGHT) - i32(PADDING_HEIGHT);
      if (x_row < 0 || x_row >= i32(X_HEIGHT)) {
        continue;
      }
      for (var column = 0u; column < Y_WIDTH; column++) {
        let x_column = i32(column * STRIDE_WIDTH + q * DILATION_WIDTH) - i32(PADDING_WIDTH);
        if (x_column < 0 || x_column >= i32(X_WIDTH)) {
          continue;
        }
        let y_at = ((image * Y_HEIGHT + row) * Y_WIDTH + column) * Y_CHANNELS + out;
        let x_at = ((image * X_HEIGHT + u32(x_row)) * X_WIDTH + u32(x_column)) * X_CHANNELS + channel;
        sum += f32(y[y_at]) * f32(x[x_at]);
      }
    }
  }
  weight[at] = sum;
}
