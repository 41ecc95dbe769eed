// The largest number of a window, and where it stands: the first of equal ones, row by row; a NaN beats all, the last one if there
// are several. The including file has x [examples * height * width, channels].  Source: torch.nn.MaxPool2d.
#include "lib/maps/map_place.wgsl"
#include "lib/maps/pool.wgsl"

struct Largest {
  value: f32,
  at: u32,
}

// Bits, and not the float: WGSL may assume that there is no NaN.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// Of the window `window` of the output.
fn largest(window: Place) -> Largest {
  let rows = covered(window.row, sizes.height);
  let columns = covered(window.column, sizes.width);
  var best = Largest();
  for (var row = rows.first; row < rows.end; row++) {
    for (var column = columns.first; column < columns.end; column++) {
      let place = Place(window.example, row, column, window.channel);
      let at = index_of(place, sizes.height, sizes.width, sizes.channels);
      let value = x[at];
      let is_first = row == rows.first && column == columns.first;
      if (is_first || value > best.value || is_nan(value)) {
        best = Largest(value, at);
      }
    }
  }
  return best;
}
