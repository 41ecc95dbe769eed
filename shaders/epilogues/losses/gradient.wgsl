// Part of the loss's epilogue: the gradient goes on to the layers below.
//   -> dx [M, N]

@group(0) @binding(BINDING_DX) var<storage, read_write> dx: array<f32>;

fn store_gradient(at: u32, value: f32) {
  dx[at] = value;
}
