// Where an element of a feature map lies, [examples * height * width, channels].

struct Place {
  example: u32,
  row: u32,
  column: u32,
  channel: u32,
}

fn place_of(at: u32, height: u32, width: u32, channels: u32) -> Place {
  let position = at / channels;
  return Place(position / (height * width), position / width % height, position % width, at % channels);
}

// The other way round.
fn index_of(place: Place, height: u32, width: u32, channels: u32) -> u32 {
  return ((place.example * height + place.row) * width + place.column) * channels + place.channel;
}
