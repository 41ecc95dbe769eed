// The vectors of the codebook as the running means of the rows that are nearest to them; a dead one becomes a row of this batch, drawn
// at random.
//   z [batch * area, columns], nearest [batch * area], counts [codes], sizes_of [codes] (of codebook_sizes.wgsl)
//   -> codebook and sums [codes, columns] in place
// Grid (codes, columns / WORKGROUP, 1): a lane a number of a vector. Rows are added in a fixed order: the lanes look through the
// rows together, 32 each, and share in a bit a row which of them are theirs.  Host: src/kernels/layers/quantize.ts
// Source: van den Oord et al. 2017, appendix A.1.
#include "lib/random/philox.wgsl"
#include "lib/step/step.wgsl"

override WORKGROUP: u32;
override DECAY: f32;
override ONE_MINUS_DECAY: f32;  // from the host's f64

@group(0) @binding(0) var<storage, read> z: array<f32>;
@group(0) @binding(1) var<storage, read> nearest: array<f32>;
@group(0) @binding(2) var<storage, read> counts: array<f32>;
@group(0) @binding(3) var<storage, read> sizes_of: array<f32>;
@group(0) @binding(4) var<uniform> settings: Settings;
@group(0) @binding(5) var<uniform> progress: Progress;
@group(0) @binding(6) var<storage, read_write> codebook: array<f32>;
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;

var<workgroup> ours: array<u32, WORKGROUP>;
// A bit a lane: whether any of its rows is one.
var<workgroup> some: array<atomic<u32>, WORKGROUP / 32u>;

// A row below `count` for a vector.  Host twin: pickAt() in src/random.ts (bit-equal)
fn pick(code: u32, count: u32) -> u32 {
  let words = philox(vec4u(code / 4u, progress.step, 0u, sizes.stream), settings.key);
  return multiply_high(words[code % 4u], count);
}

// The sum of column `column` over the rows that are nearest to `code`.
fn sum_of(code: u32, column: u32, live: u32, lane: u32) -> f32 {
  var sum = 0.0;
  for (var first = 0u; first < live; first += 32u * WORKGROUP) {
    var bits = 0u;
    for (var bit = 0u; bit < 32u; bit++) {
      let row = first + bit * WORKGROUP + lane;
      if (row < live && u32(nearest[row]) == code) {
        bits |= 1u << bit;
      }
    }
    ours[lane] = bits;
    if (lane < WORKGROUP / 32u) {
      atomicStore(&some[lane], 0u);
    }
    workgroupBarrier();  // no bit is left of the rows before
    if (bits != 0u) {
      atomicOr(&some[lane / 32u], 1u << (lane % 32u));
    }
    workgroupBarrier();  // every lane has told its rows
    if (column < sizes.columns) {
      for (var part = 0u; part < WORKGROUP / 32u; part++) {
        for (var lanes = atomicLoad(&some[part]); lanes != 0u; lanes &= lanes - 1u) {
          let other = 32u * part + firstTrailingBit(lanes);
          for (var left = ours[other]; left != 0u; left &= left - 1u) {
            let row = first + firstTrailingBit(left) * WORKGROUP + other;
            sum += z[row * sizes.columns + column];
          }
        }
      }
    }
    workgroupBarrier();  // every lane has read before the next rows are told
  }
  return sum;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let code = workgroup.x;
  let column = workgroup.y * WORKGROUP + lane;
  let live = progress.rows * sizes.area;
  let size = sizes_of[code];
  let at = code * sizes.columns + column;
  if (size < 0.0) {
    if (column < sizes.columns) {
      let drawn = z[pick(code, live) * sizes.columns + column];
      codebook[at] = drawn;
      sums[at] = -size * drawn;
    }
    return;
  }
  var sum = 0.0;
  if (counts[code] > 0.0) {
    sum = sum_of(code, column, live, lane);
  }
  if (column < sizes.columns) {
    let kept = DECAY * sums[at] + ONE_MINUS_DECAY * sum;
    sums[at] = kept;
    codebook[at] = kept / size;
  }
}
