// The labels of this step's images as one-hot: 1 in the column of the image's class, 0 elsewhere.
// Which image a row gets: lib/step/batch_row.wgsl. Rows past the end of a short last batch are zero.
//   labels [examples] u8, four a word, little-endian, each below classes -> one_hot [batch, classes]
// Grid: linear over count = batch * classes.  Host: src/kernels/gather.ts
#include "lib/step/batch_row.wgsl"
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> labels: array<u32>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<storage, read> counters: Counters;
@group(0) @binding(3) var<storage, read_write> one_hot: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);  // one_hot[row, column]
  if (at >= sizes.count) {
    return;
  }
  let row = at / sizes.classes;
  var value = 0.0;
  if (row < rows_of_batch(counters, settings)) {
    let image = image_of_row(row, settings, counters);
    let label = (labels[image / 4u] >> (8u * (image % 4u))) & 0xffu;
    value = select(0.0, 1.0, label == at % sizes.classes);
  }
  one_hot[at] = value;
}
