// For how many rows of this batch's examples each vector of the codebook is the nearest. Whole numbers are added up, so that their
// order is of no matter.
//   nearest [batch * area] -> counts [codes]
// Grid (codes / BLOCK, 1, 1): a workgroup counts BLOCK of the vectors over all rows.  Host: src/kernels/layers/quantize.ts
#include "lib/step/step.wgsl"

override WORKGROUP: u32;
const BLOCK: u32 = 1024u;  // 4 KiB

@group(0) @binding(0) var<storage, read> nearest: array<f32>;
@group(0) @binding(1) var<uniform> progress: Progress;
@group(0) @binding(2) var<storage, read_write> counts: array<f32>;

var<workgroup> counted: array<atomic<u32>, BLOCK>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = workgroup.x * BLOCK;
  for (var row = lane; row < progress.rows * sizes.area; row += WORKGROUP) {
    let code = u32(nearest[row]);
    if (code >= first && code < first + BLOCK) {
      atomicAdd(&counted[code - first], 1u);
    }
  }
  workgroupBarrier();  // every row is counted
  for (var code = lane; code < BLOCK && first + code < sizes.codes; code += WORKGROUP) {
    counts[first + code] = f32(atomicLoad(&counted[code]));
  }
}
