// Part of an optimizer over gradients in memory: what it updates is also written in half precision, as matmuls read it.
//   w -> half, as w; after a step that is skipped it is what it was, as w is
// stored() is that of shaders/stored/.

@group(0) @binding(BINDING_HALF) var<storage, read_write> half: array<Stored>;

fn copy_weights(at: u32) {
  half[at] = stored(w[at]);
}
