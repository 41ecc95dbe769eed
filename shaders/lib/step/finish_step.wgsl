// The end of a step, by one workgroup: adds up what the dispatches before have left of every term of the loss (the second
// stage of the reduction), writes the sums where the host reads them late, and advances the counters for the next step.
//   losses [terms, stride], each in its term's unit: of each term its parts, numbers that add up to it over the live rows
//   -> metrics [capacity, terms + 1], summed over the batch's live rows; entry step % capacity. The last column counts the
//   parts that are infinite or not a number: by their bits, because WGSL may assume of floats that they are neither.
// Where its bindings are: constants BINDING_* of the header.  Host: src/kernels/finish-step.ts
#include "lib/numbers/finite.wgsl"
#include "lib/reduce.wgsl"

@group(0) @binding(BINDING_LOSSES) var<storage, read> losses: array<u32>;  // the bits of f32
@group(0) @binding(BINDING_METRICS) var<storage, read_write> metrics: array<f32>;
@group(0) @binding(BINDING_COUNTERS) var<storage, read_write> counters: Counters;

// A part a live row where the host says 0.
fn parts_of(term: u32) -> u32 {
  switch term {
    case 0u: { return select(sizes.parts_0, progress.rows, sizes.parts_0 == 0u); }
    case 1u: { return select(sizes.parts_1, progress.rows, sizes.parts_1 == 0u); }
    case 2u: { return select(sizes.parts_2, progress.rows, sizes.parts_2 == 0u); }
    default: { return select(sizes.parts_3, progress.rows, sizes.parts_3 == 0u); }
  }
}

// Where the step's numbers begin.
fn metrics_entry() -> u32 {
  return (progress.step % sizes.capacity) * (sizes.terms + 1u);
}

fn finish_step(lane: u32) {
  let entry = metrics_entry();
  var bad = 0.0;
  for (var term = 0u; term < sizes.terms; term++) {
    var sum = 0.0;
    for (var part = lane; part < parts_of(term); part += WORKGROUP) {
      let bits = losses[term * sizes.stride + part];
      sum += bitcast<f32>(bits);
      bad += select(1.0, 0.0, is_finite(bits));
    }
    let total = reduce_sum(lane, sum);
    if (lane == 0u) {
      metrics[entry + term] = total;
    }
  }
  let bad_in_all = reduce_sum(lane, bad);
  if (lane == 0u) {
    metrics[entry + sizes.terms] = bad_in_all;
    let start = counters.start + settings.batch;
    let epoch_ends = start >= settings.examples;
    counters.step += 1u;
    counters.epoch += select(0u, 1u, epoch_ends);
    counters.start = select(start, 0u, epoch_ends);
  }
}
