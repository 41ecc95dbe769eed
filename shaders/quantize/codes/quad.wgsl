// Columns of a row and of a vector of the codebook, four a load; their number must be a multiple of 4 (the host checks).
alias Columns = vec4f;
const WIDTH: u32 = 4u;

// Of four rows, the squared distance from a vector's columns.
fn squares_apart(rows: array<Columns, 4>, code: Columns) -> vec4f {
  let first = rows[0] - code;
  let second = rows[1] - code;
  let third = rows[2] - code;
  let fourth = rows[3] - code;
  return vec4f(dot(first, first), dot(second, second), dot(third, third), dot(fourth, fourth));
}
