// Which image of the resident dataset stands in row `row` of this step's batch.
#include "lib/random/permutation.wgsl"
#include "lib/step/progress.wgsl"

override SHUFFLE: bool;

// With SHUFFLE, the image to which this epoch's permutation sends position start + row; without, the one at that position.
// Live rows only: row < rows_of_batch(counters, settings).
fn image_of_row(row: u32, settings: Settings, counters: Counters) -> u32 {
  if (SHUFFLE) {
    return permute(counters.start + row, settings.examples, settings.key, counters.epoch);
  }
  return counters.start + row;
}
