// y = x / (1 - PROBABILITY), or 0 with that probability: drawn for every element and step anew, and for every layer. The gradient is
// the same of dy, by the same draws.
//   x -> y, both [count]
// Grid: linear over count / 4: a lane draws four numbers at once.  Host: src/kernels/layers/dropout.ts
// Source: Srivastava et al. 2014, "Dropout"; torch.nn.Dropout.

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/random/philox.wgsl"
#include "lib/step/step.wgsl"

override PROBABILITY: f32;
override SCALE: f32;  // 1 / (1 - PROBABILITY)

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<uniform> progress: Progress;
@group(0) @binding(3) var<storage, read_write> y: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let quad = linear_index(workgroup, groups, lane);
  let words = philox(vec4u(quad, progress.step, sizes.layer, sizes.stream), settings.key);
  for (var word = 0u; word < 4u; word++) {
    let at = 4u * quad + word;
    if (at < sizes.count) {
      y[at] = stored(select(0.0, SCALE * x[at], unit(words[word]) >= PROBABILITY));
    }
  }
}
