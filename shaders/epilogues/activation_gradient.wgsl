// Epilogue of a layer's input gradient: what arrives at the layer below's activation goes on through it, by
// what the forward pass kept: the activation's output y, or its input x for some (lib/numbers/activation.wgsl).
//   kept [M, N] -> dx [M, N] = product * activation'(x)
#include "lib/numbers/activation.wgsl"

@group(0) @binding(2) var<storage, read> kept: array<StoredKept>;
@group(0) @binding(3) var<storage, read_write> dx: array<Stored>;

fn begin_epilogue() {}

fn store(row: u32, column: u32, value: Number) {
  let at = number_at(row, column);
  dx[at] = stored(value * activation_slope(Number(kept[at])));
}

fn store_bias_gradient(row: u32, value: Number) {}
