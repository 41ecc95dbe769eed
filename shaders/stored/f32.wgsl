// How a kernel stores what it computes: as it is.

alias Stored = Number;

fn stored(value: Number) -> Stored {
  return value;
}
