// As many f32 multiply-adds as the device does, nothing else: eight independent chains of four numbers in each lane, so
// that no multiply-add waits for the one before it. The factor is data, or the compiler would work it all out.
//   factor [4] -> out [lanes], 64 ITERATIONS floating point operations a lane; the result is read so that it is computed
// Grid: any along x, one workgroup of WORKGROUP lanes each.  Host: src/kernels/ceilings.ts

override WORKGROUP: u32;
override ITERATIONS: u32;

@group(0) @binding(0) var<storage, read> factor: array<vec4f, 1>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = factor[0];
  let b = a.wzyx;
  var c0 = vec4f(f32(id.x));
  var c1 = c0 + 1.0;
  var c2 = c0 + 2.0;
  var c3 = c0 + 3.0;
  var c4 = c0 + 4.0;
  var c5 = c0 + 5.0;
  var c6 = c0 + 6.0;
  var c7 = c0 + 7.0;
  for (var i = 0u; i < ITERATIONS; i++) {
    c0 = fma(c0, a, b);
    c1 = fma(c1, a, b);
    c2 = fma(c2, a, b);
    c3 = fma(c3, a, b);
    c4 = fma(c4, a, b);
    c5 = fma(c5, a, b);
    c6 = fma(c6, a, b);
    c7 = fma(c7, a, b);
  }
  out[id.x] = dot((c0 + c1) + (c2 + c3), (c4 + c5) + (c6 + c7));
}
