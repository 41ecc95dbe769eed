// Copies a large buffer: each lane reads four numbers and writes them, neighbouring lanes side by side.
//   source [4 QUADS] -> target_buffer [4 QUADS]
// Grid: any along x; lanes stride over the buffer.  Host: src/kernels/ceilings.ts

override WORKGROUP: u32;
override QUADS: u32;

@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> target_buffer: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < QUADS; i += groups.x * WORKGROUP) {
    target_buffer[i] = source[i];
  }
}
