// Part of the loss's epilogue: the gradient goes on to the layers below.
//   -> dx [M, N]

@group(0) @binding(BINDING_DX) var<storage, read_write> dx: array<Stored>;

fn store_gradient(at: u32, value: Number) {
  dx[at] = stored(value);
}
