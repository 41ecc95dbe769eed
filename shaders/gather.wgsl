// The first dispatch of a step: its progress, for the others, and its examples as numbers, picked from the resident dataset:
// x = LOW + SPAN number. How a number lies in memory: examples/u8.wgsl (images of bytes), f16.wgsl or f32.wgsl.
// Which image a row gets: lib/step/batch_row.wgsl. Rows past the end of a short last batch are zero.
// A dataset may lie in several buffers, each with some of its images and a dispatch of its own: rows of other images are left
// to the others.
//   images [images, pixels], from image first_image on; counters -> x [batch, pixels], progress
// Grid (batch, 1, 1): one workgroup a row, lanes stride over its pixels.  Host: src/kernels/gather.ts
#include "lib/step/batch_row.wgsl"

override WORKGROUP: u32;
override LOW: f32;
override SPAN: f32;

@group(0) @binding(0) var<storage, read> images: array<u32>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<storage, read> counters: Counters;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;
@group(0) @binding(4) var<storage, read_write> progress: Progress;

var<workgroup> image: u32;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x;
  if (row == 0u && lane == 0u) {
    progress = progress_of(counters, settings);
  }
  let live = row < rows_of_batch(counters, settings);
  if (lane == 0u && live) {
    image = image_of_row(row, settings, counters);
  }
  let here = workgroupUniformLoad(&image) - sizes.first_image;  // lane 0 has found the image; that of a dead row is 0
  if (here >= sizes.images) {
    return;
  }
  let first = here * sizes.pixels;
  for (var column = lane; column < sizes.pixels; column += WORKGROUP) {
    var value = 0.0;
    if (live) {
      value = LOW + SPAN * example_number(first + column);  // images[image, column]
    }
    x[row * sizes.pixels + column] = value;
  }
}
