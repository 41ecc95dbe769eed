// The images of this step as numbers, picked from the resident dataset: x = LOW + SPAN byte / 255.
// Which image a row gets: lib/batch_row.wgsl. Rows at or after progress.rows (a short last batch) are zero.
//   images [examples, PIXELS] u8, four a word, little-endian -> x [batch, PIXELS]
// Grid (batch, 1, 1): one workgroup a row, lanes stride over its pixels.  Host: src/kernels/gather.ts
#include "lib/batch_row.wgsl"

override WORKGROUP: u32;
override PIXELS: u32;
override LOW: f32;
override SPAN: f32;

@group(0) @binding(0) var<storage, read> images: array<u32>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<storage, read> progress: Progress;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;

var<workgroup> image: u32;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x;
  let live = row < progress.rows;
  if (lane == 0u && live) {
    image = image_of_row(row, settings, progress.start, progress.epoch);
  }
  let first = workgroupUniformLoad(&image) * PIXELS;  // lane 0 has found the image
  for (var column = lane; column < PIXELS; column += WORKGROUP) {
    var value = 0.0;
    if (live) {
      let at = first + column;  // images[image, column]
      value = LOW + SPAN * (f32((images[at / 4u] >> (8u * (at % 4u))) & 0xffu) / 255.0);
    }
    x[row * PIXELS + column] = value;
  }
}
