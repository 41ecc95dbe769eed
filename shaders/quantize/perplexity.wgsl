// How many vectors of the codebook are in use, as if they were used alike: exp of the entropy of their shares. It is a property of
// the batch; every row gets it, so that the mean over rows is it.
//   counts [codes] -> perplexity [rows]
// Grid (1, 1, 1): lanes stride over the vectors, then over the rows.  Host: src/kernels/layers/quantize.ts
#include "lib/reduce.wgsl"

@group(0) @binding(0) var<storage, read> counts: array<f32>;
@group(0) @binding(1) var<storage, read_write> perplexity: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var own = 0.0;
  for (var code = lane; code < sizes.codes; code += WORKGROUP) {
    own += counts[code];
  }
  let total = reduce_sum(lane, own);
  own = 0.0;
  for (var code = lane; code < sizes.codes; code += WORKGROUP) {
    let share = counts[code] / total;
    // Where nothing is near it adds nothing, and log(0) is not to be had.
    own -= share * log(select(1.0, share, counts[code] > 0.0));
  }
  let entropy = reduce_sum(lane, own);
  for (var row = lane; row < sizes.rows; row += WORKGROUP) {
    perplexity[row] = exp(entropy);
  }
}
