// Test only: the random numbers of shaders/lib as they are, to compare them with src/random.ts.
//   counters [COUNT] (u32 x 4), keys [COUNT] (u32 x 2) -> words [COUNT] = philox(counter, key)
//   indices [COUNT] -> normals [COUNT] = normal_at(keys[i], STREAM, STEP, index)
// Grid: linear over COUNT.  Host: test/kernel/random.test.ts
#include "lib/linear.wgsl"
#include "lib/random/normal.wgsl"

override COUNT: u32;
override STREAM: u32;
override STEP: u32;

@group(0) @binding(0) var<storage, read> counters: array<vec4u>;
@group(0) @binding(1) var<storage, read> keys: array<vec2u>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> words: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> normals: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < COUNT) {
    words[at] = philox(counters[at], keys[at]);
    normals[at] = normal_at(keys[at], STREAM, STEP, indices[at]);
  }
}
