// As many f32 multiply-adds as the device does, nothing else: eight independent chains in each lane, so that no
// multiply-add waits for the one before it, and no more, so that they stay in registers on a CPU too. The factor is data,
// or the compiler would work it all out.
//   factor [4] -> out [lanes], 64 ITERATIONS floating point operations a lane; the sums are written so that they are needed
// Grid: any along x, one workgroup of WORKGROUP lanes each.  Host: src/kernels/ceilings.ts

override WORKGROUP: u32;
override ITERATIONS: u32;

@group(0) @binding(0) var<storage, read> factor: array<vec4f, 1>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = factor[0].x;
  let b = factor[0].y;
  var c0 = f32(id.x + 0u);
  var c1 = f32(id.x + 1u);
  var c2 = f32(id.x + 2u);
  var c3 = f32(id.x + 3u);
  var c4 = f32(id.x + 4u);
  var c5 = f32(id.x + 5u);
  var c6 = f32(id.x + 6u);
  var c7 = f32(id.x + 7u);
  for (var i = 0u; i < ITERATIONS; i++) {
    c0 = fma(fma(fma(fma(c0, a, b), a, b), a, b), a, b);
    c1 = fma(fma(fma(fma(c1, a, b), a, b), a, b), a, b);
    c2 = fma(fma(fma(fma(c2, a, b), a, b), a, b), a, b);
    c3 = fma(fma(fma(fma(c3, a, b), a, b), a, b), a, b);
    c4 = fma(fma(fma(fma(c4, a, b), a, b), a, b), a, b);
    c5 = fma(fma(fma(fma(c5, a, b), a, b), a, b), a, b);
    c6 = fma(fma(fma(fma(c6, a, b), a, b), a, b), a, b);
    c7 = fma(fma(fma(fma(c7, a, b), a, b), a, b), a, b);
  }
  out[id.x] = ((c0 + c1) + (c2 + c3)) + ((c4 + c5) + (c6 + c7));
}
