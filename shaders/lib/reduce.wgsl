// The sum of one value a lane over a workgroup of WORKGROUP lanes, in a fixed order: the same bits every time.
// WORKGROUP is a power of two; the host checks. Every lane must call it, and every lane gets the sum.

override WORKGROUP: u32;

var<workgroup> reduce_scratch: array<f32, WORKGROUP>;

fn reduce_sum(lane: u32, value: f32) -> f32 {
  reduce_scratch[lane] = value;
  workgroupBarrier();  // every lane's value is in scratch
  for (var width = WORKGROUP / 2u; width > 0u; width /= 2u) {
    if (lane < width) {
      reduce_scratch[lane] += reduce_scratch[lane + width];
    }
    workgroupBarrier();  // this level is complete before the next one reads it
  }
  let total = reduce_scratch[0];
  workgroupBarrier();  // every lane has read the total before scratch is used again
  return total;
}
