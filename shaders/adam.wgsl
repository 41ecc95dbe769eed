// Adam: m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, w -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps), t = step + 1.
//   gradient -> w, m, v in place, all [4 QUADS]; one dispatch for every parameter of the model
// Grid: linear over QUADS, four numbers a lane.  Host: src/kernels/adam.ts
// Source: Kingma & Ba 2015, algorithm 1; eps outside the root and correction as in torch.optim.Adam.
#include "lib/adam.wgsl"
#include "lib/linear.wgsl"

override QUADS: u32;

@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<uniform> settings: Settings;
@group(0) @binding(2) var<storage, read> progress: Progress;
@group(0) @binding(3) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> v: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_index(workgroup, groups, lane);
  if (at < QUADS) {
    let next = adam(AdamState(w[at], m[at], v[at]), gradient[at], settings, progress.step);
    w[at] = next.w;
    m[at] = next.m;
    v[at] = next.v;
  }
}
