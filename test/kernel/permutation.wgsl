// Test only: shaders/lib/random/permutation.wgsl as it is, to compare it with permute() in src/random.ts.
//   key [1] (u32 x 2) -> images [COUNT]: where epoch EPOCH's permutation of 0..COUNT-1 sends each position
// Grid: linear over COUNT.  Host: test/kernel/random.test.ts
#include "lib/linear.wgsl"
#include "lib/random/permutation.wgsl"

override COUNT: u32;
override EPOCH: u32;

@group(0) @binding(0) var<storage, read> key: vec2u;
@group(0) @binding(1) var<storage, read_write> images: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < COUNT) {
    images[at] = permute(at, COUNT, key, EPOCH);
  }
}
