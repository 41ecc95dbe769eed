// Which vector of the codebook is nearest to each row: of squared distances, summed over columns, the least; of equal ones the first.
// Differences are squared as they are: |e|^2 / 2 - z e, a product fewer a number, cancels where vectors lie close together.
// How numbers are read: codes/one.wgsl for any number of columns, codes/quad.wgsl where they are whole in quads. Numbers are COLUMNS
// of a vector, one or four: a load costs a software adapter a hundred instructions, of one number as of four.
//   z [rows, columns], codebook [codes, columns] -> nearest [rows], whole numbers
// Grid (rows / 32, 1, 1): 8 lanes of ROWS rows each; 8 more of each share out the codebook, a block of CODES vectors at a time.
// Host: src/kernels/layers/quantize.ts
// Source: van den Oord et al. 2017, "Neural Discrete Representation Learning", equation 2.

const WORKGROUP: u32 = 64u;
const ROWS: u32 = 4u;
const CODES: u32 = 8u;
const SHARES: u32 = 8u;
const GROUP_ROWS: u32 = ROWS * WORKGROUP / SHARES;
const MOST: f32 = 0x1.fffffep+127;

@group(0) @binding(0) var<storage, read> z: array<Columns>;
@group(0) @binding(1) var<storage, read> codebook: array<Columns>;
@group(0) @binding(2) var<storage, read_write> nearest: array<f32>;

// [SHARES, GROUP_ROWS]: what each share of the codebook has for each row.
var<workgroup> least: array<f32, SHARES * GROUP_ROWS>;
var<workgroup> found: array<u32, SHARES * GROUP_ROWS>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let share = lane % SHARES;
  let first_row = ROWS * (lane / SHARES);
  // Past the last row its numbers are compared once more.
  let first = workgroup.x * GROUP_ROWS + first_row;
  let last_row = vec4u(sizes.rows - 1u);
  let width = sizes.columns / WIDTH;
  let rows = width * min(vec4u(first, first + 1u, first + 2u, first + 3u), last_row);
  var best = vec4f(MOST);
  var code = vec4u(0u);
  for (var block = share * CODES; block < sizes.codes; block += SHARES * CODES) {
    var distance = array<vec4f, CODES>();  // said, or the last block's sums stay (Dawn 0.6.2, lavapipe)
    for (var column = 0u; column < width; column++) {
      let at = array(z[rows.x + column], z[rows.y + column], z[rows.z + column], z[rows.w + column]);
      for (var i = 0u; i < CODES; i++) {
        distance[i] += squares_apart(at, codebook[min(block + i, sizes.codes - 1u) * width + column]);
      }
    }
    for (var i = 0u; i < CODES; i++) {
      // A vector that is compared twice, past the last, is not less the second time.
      let less = distance[i] < best;
      best = select(best, distance[i], less);
      code = select(code, vec4u(block + i), less);
    }
  }
  for (var i = 0u; i < ROWS; i++) {
    least[share * GROUP_ROWS + first_row + i] = best[i];
    found[share * GROUP_ROWS + first_row + i] = code[i];
  }
  workgroupBarrier();  // every share has its nearest
  let row = workgroup.x * GROUP_ROWS + lane;
  if (lane < GROUP_ROWS && row < sizes.rows) {
    var distance = least[lane];
    var number = found[lane];
    for (var other = 1u; other < SHARES; other++) {
      let at = other * GROUP_ROWS + lane;
      if (least[at] < distance || (least[at] == distance && found[at] < number)) {
        distance = least[at];
        number = found[at];
      }
    }
    nearest[row] = f32(number);
  }
}
