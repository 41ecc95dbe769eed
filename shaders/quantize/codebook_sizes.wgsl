// The running counts of what is nearest to each vector of the codebook, and what the running sums are divided by: the counts,
// smoothed as Laplace does, so that none is 0. A vector whose count falls below LEAST_SHARE of an even share is dead: it is drawn
// anew, with that count, and told by a minus.
//   counts [codes], of this batch -> sizes_of [codes], in rows a step; running [codes] in place
// Grid (1, 1, 1): lanes stride over the vectors.  Host: src/kernels/layers/quantize.ts
// Source: van den Oord et al. 2017, appendix A.1, with the smoothing of Sonnet's VectorQuantizerEMA.
#include "lib/reduce.wgsl"

override DECAY: f32;
override ONE_MINUS_DECAY: f32;  // from the host's f64

const EPSILON = 1e-5;
const LEAST_SHARE = 0.05;

@group(0) @binding(0) var<storage, read> counts: array<f32>;
@group(0) @binding(1) var<storage, read_write> running: array<f32>;
@group(0) @binding(2) var<storage, read_write> sizes_of: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var own = 0.0;
  for (var code = lane; code < sizes.codes; code += WORKGROUP) {
    let count = DECAY * running[code] + ONE_MINUS_DECAY * counts[code];
    running[code] = count;  // this lane's alone, here and below
    own += count;
  }
  let total = reduce_sum(lane, own);
  let codes = f32(sizes.codes);
  let least = LEAST_SHARE * total / codes;
  for (var code = lane; code < sizes.codes; code += WORKGROUP) {
    let dead = running[code] < least;
    let count = select(running[code], least, dead);
    let smoothed = (count + EPSILON) / (total + codes * EPSILON) * total;
    running[code] = count;
    sizes_of[code] = select(smoothed, -smoothed, dead);
  }
}
