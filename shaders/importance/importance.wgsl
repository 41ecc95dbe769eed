// The importance-weighted bound of each example, as three terms that add up to minus it, and what of the loss's gradient arrives at
// its samples; zero for examples past the end of a short batch.
//   distance, ratio [batch * samples] -> reconstruction, kl, importance [batch]; ddistance, dratio [batch * samples]
// reconstruction and kl are means of distance and -ratio by what the samples count, importance is KL(these || equal ones).
// Grid: linear over count = batch, a lane an example.  Host: src/kernels/losses/importance.ts
// Source: Burda et al. 2016, "Importance Weighted Autoencoders", equations 8 and 14.
#include "lib/losses/importance.wgsl"
#include "lib/linear.wgsl"

@group(0) @binding(0) var<storage, read> distance: array<f32>;
@group(0) @binding(1) var<storage, read> ratio: array<f32>;
@group(0) @binding(2) var<uniform> settings: Settings;
@group(0) @binding(3) var<uniform> progress: Progress;
@group(0) @binding(4) var<storage, read_write> reconstruction: array<f32>;
@group(0) @binding(5) var<storage, read_write> kl: array<f32>;
@group(0) @binding(6) var<storage, read_write> importance: array<f32>;
@group(0) @binding(7) var<storage, read_write> ddistance: array<f32>;
@group(0) @binding(8) var<storage, read_write> dratio: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_index(workgroup, groups, lane);
  if (row >= sizes.count) {
    return;
  }
  let of_example = log_weights_of(row);
  let of_distance = row_weight(row, progress, settings, TERM_RECONSTRUCTION);
  let of_kl = row_weight(row, progress, settings, TERM_KL);
  var means = vec3f();
  for (var at = row * sizes.samples; at < (row + 1u) * sizes.samples; at++) {
    let log_weight = log_share(at, of_example);
    let weight = exp(log_weight);
    means += weight * vec3f(distance[at], -ratio[at], log(f32(sizes.samples)) + log_weight);
    ddistance[at] = weight * of_distance;
    dratio[at] = -weight * of_kl;
  }
  reconstruction[row] = means.x;
  kl[row] = means.y;
  importance[row] = means.z;
}
