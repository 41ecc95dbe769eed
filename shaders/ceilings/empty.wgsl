// Does nothing: what a dispatch costs by itself.
// Grid (1, 1, 1).  Host: src/kernels/ceilings.ts

override WORKGROUP: u32;

@compute @workgroup_size(WORKGROUP)
fn main() {}
