// Adds one to what the dispatch before it left: what a dispatch costs that waits for another.
//   out [any]: out[0] is read and written, the rest stays
// Grid (1, 1, 1).  Host: src/kernels/ceilings.ts

override WORKGROUP: u32;

@group(0) @binding(0) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main() {
  out[0] = out[0] + 1.0;
}
