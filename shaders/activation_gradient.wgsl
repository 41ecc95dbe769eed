// dx = dy * activation'(x), from what the forward pass kept: the activation's output y, or x for some (lib/numbers/activation.wgsl).
// Only the unfused plan runs this.
//   dy, kept -> dx, all [count]
// Grid: linear over count.  Host: src/kernels/elementwise.ts

alias Number = f32;

#include "lib/linear.wgsl"
#include "lib/numbers/activation.wgsl"

@group(0) @binding(0) var<storage, read> dy: array<StoredDy>;
@group(0) @binding(1) var<storage, read> kept: array<StoredKept>;
@group(0) @binding(2) var<storage, read_write> dx: array<Stored>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < sizes.count) {
    dx[at] = stored(f32(dy[at]) * activation_slope(f32(kept[at])));
  }
}
