// Part of an optimizer over gradients in memory: matmuls read what it updates as it is.

fn copy_weights(at: u32) {}
