// dx of the normalisation of groups: every number of a group contributes by its mean and variance.
//   dy [rows, columns] with respect to the activation's output, x, statistics, affine as in normalize.wgsl -> dx [rows, columns]
// Grid (groups, examples, 1): a workgroup each, its lanes stride over rows and columns.  Host: src/kernels/layers/normalize.ts
// Source: Ba et al. 2016, "Layer Normalization".

alias Number = f32;

#include "lib/norm/group.wgsl"
#include "lib/norm/normalize.wgsl"
#include "lib/reduce.wgsl"

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
@group(0) @binding(3) var<storage, read> affine: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<Stored>;

// Of one number: what it is normalised, and the gradient with respect to that.
struct Item {
  value: f32,
  gradient: f32,
}

fn item_at(at: u32, statistic: Statistic) -> Item {
  let by = affine_of(at % sizes.columns);
  let value = normal(x[at], statistic);
  return Item(value, by.factor * before_activation(dy[at], value, by));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let count = sizes.statistic_rows * sizes.group_columns;
  let first = element_of(workgroup, 0u);
  let statistic = statistic_of(first / sizes.columns, first % sizes.columns);
  var own = vec2f();
  for (var item = lane; item < count; item += WORKGROUP) {
    let found = item_at(element_of(workgroup, item), statistic);
    own += vec2f(found.gradient, found.gradient * found.value);
  }
  let sum = reduce_sum(lane, own.x);
  let scaled_sum = reduce_sum(lane, own.y);
  for (var item = lane; item < count; item += WORKGROUP) {
    let at = element_of(workgroup, item);
    let found = item_at(at, statistic);
    let mean = (sum + found.value * scaled_sum) / f32(count);
    dx[at] = stored(statistic.inverse * (found.gradient - mean));
  }
}
