// Adam: m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, w -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps), t = step + 1.
// AdamW: before that, w -= lr weight_decay w.
//   gradient -> w, m, v in place, all [4 QUADS]; one dispatch for every parameter of the model
// Grid: linear over QUADS, four numbers a lane.  Host: src/kernels/optimizer.ts
// Source: Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2; eps outside the root and correction as in
// torch.optim.Adam and AdamW.
#include "lib/adam.wgsl"
#include "lib/optimizer.wgsl"

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
    let rate = learning_rate();
    var weight = w[at];
    if (WEIGHT_DECAY == WEIGHT_DECAY_DECOUPLED) {
      // Not (1 - rate decay) w: of a decay of 1e-5, f32 keeps too few digits beside 1.
      weight -= rate * settings.weight_decay * weight;
    }
    let next = adam(AdamState(weight, m[at], v[at]), penalized_gradient(at), settings, rate, progress.step);
    w[at] = next.w;
    m[at] = next.m;
    v[at] = next.v;
  }
}
