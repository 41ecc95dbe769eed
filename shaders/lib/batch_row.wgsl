// Which image of the resident dataset stands in row `row` of this step's batch.
#include "lib/permutation.wgsl"
#include "lib/step.wgsl"

override SHUFFLE: bool;

// With SHUFFLE, the image to which this epoch's permutation sends position start + row; without, the one at that position.
// Live rows only: row < progress.rows.
fn image_of_row(row: u32, settings: Settings, start: u32, epoch: u32) -> u32 {
  if (SHUFFLE) {
    return permute(start + row, settings.examples, settings.key, epoch);
  }
  return start + row;
}
