// Columns of a row and of a vector of the codebook, one by one.
alias Columns = f32;
const WIDTH: u32 = 1u;

// Of four rows, the squared distance from a vector's columns.
fn squares_apart(rows: array<Columns, 4>, code: Columns) -> vec4f {
  let apart = vec4f(rows[0], rows[1], rows[2], rows[3]) - code;
  return apart * apart;
}
