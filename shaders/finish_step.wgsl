// The end of a step: adds up the rows of every term of the loss (the second stage of the reduction; the loss kernels did
// the first), writes the sums where the host reads them late, and advances the counters that the next step reads.
//   losses [TERMS, ROW_STRIDE], each in its term's unit -> metrics [CAPACITY, TERMS + 1], summed over the batch's live
//   rows; entry step % CAPACITY. The last column counts the losses that are infinite or not a number: by their bits,
//   because WGSL may assume of floats that they are neither.
//   progress: this step's in, the next step's out: counters, and the factors of the learning rate, of the KL term and of
//   each image, which follow from them.
// Grid (1, 1, 1).  Host: src/kernels/finish-step.ts
#include "lib/finite.wgsl"
#include "lib/learning_rate.wgsl"
#include "lib/reduce.wgsl"
#include "lib/step.wgsl"

override TERMS: u32;
override ROW_STRIDE: u32;
override CAPACITY: u32;

@group(0) @binding(0) var<storage, read> losses: array<u32>;  // the bits of f32
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<storage, read_write> progress: Progress;
@group(0) @binding(3) var<storage, read_write> metrics: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  let now = progress;
  let entry = (now.step % CAPACITY) * (TERMS + 1u);
  var bad = 0.0;
  for (var term = 0u; term < TERMS; term++) {
    var sum = 0.0;
    for (var row = lane; row < now.rows; row += WORKGROUP) {
      let bits = losses[term * ROW_STRIDE + row];
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
    metrics[entry + TERMS] = bad_in_all;
  }
  storageBarrier();  // every lane has read `progress` before lane 0 overwrites it
  if (lane == 0u) {
    let start = now.start + settings.batch;
    let epoch_ends = start >= settings.examples;
    let step = now.step + 1u;
    progress.step = step;
    progress.epoch = now.epoch + select(0u, 1u, epoch_ends);
    progress.start = select(start, 0u, epoch_ends);
    let rows = min(settings.batch, settings.examples - progress.start);
    progress.rows = rows;
    progress.rate_factor = rate_factor(settings, step);
    progress.kl_factor = kl_factor(settings, step);
    progress.row_scale = select(1.0, 1.0 / f32(rows), settings.mean == 1u);
  }
}
