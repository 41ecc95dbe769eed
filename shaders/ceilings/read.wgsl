// Reads a large buffer once and writes next to nothing: neighbouring lanes read neighbouring addresses.
//   source [4 QUADS] -> out [lanes], a sum each, so that what is read is needed
// Grid: any along x; lanes stride over the buffer.  Host: src/kernels/ceilings.ts

override WORKGROUP: u32;
override QUADS: u32;

@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  var sum = vec4f();
  for (var i = id.x; i < QUADS; i += groups.x * WORKGROUP) {
    sum += source[i];
  }
  out[id.x] = (sum.x + sum.y) + (sum.z + sum.w);
}
