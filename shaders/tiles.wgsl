// Draws images on a canvas as tiles, row by row, a pixel of the canvas for each of theirs: `low` black, `high` white,
// values beyond them clipped. Only tiles first .. first + count are drawn; the rest of the canvas stays as it is.
//   images [count, height, width]
// A triangle that covers the canvas, no vertex buffer.  Host: src/gpu/draw.ts
struct Tiles {
  height: u32,
  width: u32,
  columns: u32,
  first: u32,
  count: u32,
  low: f32,
  high: f32,
}

@group(0) @binding(0) var<storage, read> images: array<f32>;
@group(0) @binding(1) var<uniform> tiles: Tiles;

@vertex
fn cover(@builtin(vertex_index) corner: u32) -> @builtin(position) vec4f {
  // (-1, -1), (3, -1), (-1, 3): the canvas is the square from -1 to 1.
  return vec4f(f32(corner & 1u) * 4.0 - 1.0, f32(corner >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn tile(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let at = vec2u(position.xy); // pixel centres lie at .5
  let size = vec2u(tiles.width, tiles.height);
  let place = at / size;
  let pixel = at % size;
  // Below `first` this wraps round to a number far beyond `count`.
  let image = place.y * tiles.columns + place.x - tiles.first;
  if (place.x >= tiles.columns || image >= tiles.count) {
    discard;
  }
  let value = images[(image * tiles.height + pixel.y) * tiles.width + pixel.x]; // images[image, pixel.y, pixel.x]
  let grey = clamp((value - tiles.low) / (tiles.high - tiles.low), 0.0, 1.0);
  return vec4f(grey, grey, grey, 1.0);
}
