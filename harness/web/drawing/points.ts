// What the map shows: a point for each test image, in the colour of its class, and marks at places that matter. Drawing only:
// where things are, and what a pointer does, is the map's matter.
import { context2d } from '../dom.js';
import { classColour } from './palette.js';
import { toShare, type View } from './view.js';

/** Points have this share of the map's side where there are MANY of them, and larger ones where there are fewer. */
const POINT = 1 / 130;
const MANY = 1000;
const LARGEST = 2.5;

/** The test images' places. */
export interface Points {
  /** [n, 2], on the plane. */
  places: Float32Array;
  view: View;
  labels: Uint8Array | undefined;
  /** Codes of one dimension: each class in a lane of its own, as there is no other way to tell points apart. */
  onLine: boolean;
  /** How large the visitor wants points, 1 as they are by themselves, and how opaque, 0..1. */
  scale: number;
  opacity: number;
}

/** Right and down, as shares of the map. */
export type Share = readonly [right: number, down: number];

/** Where each image's point is on the map. */
export function sharesOf({ places, view, labels, onLine }: Points): (image: number) => Share {
  const lane = lanes(labels);
  return (image) => {
    const [right, down] = toShare(view, [places[2 * image] ?? 0, places[2 * image + 1] ?? 0]);
    return [right, onLine ? lane(image) : down];
  };
}

/** The image whose point is nearest to a place, no farther than `within`, a share of the map. */
export function nearestTo([right, down]: Share, points: Points, within: number): number | undefined {
  const shareOf = sharesOf(points);
  let [nearest, least]: [number | undefined, number] = [undefined, within];
  for (let i = 0; i < points.places.length / 2; i++) {
    const [x, y] = shareOf(i);
    const distance = Math.hypot(x - right, y - down);
    if (distance < least) [nearest, least] = [i, distance];
  }
  return nearest;
}

/** Clears the map and draws all points. */
export function drawPoints(canvas: HTMLCanvasElement, points: Points): void {
  const { places, labels, scale, opacity } = points;
  const side = Math.round(canvas.clientWidth * devicePixelRatio);
  const context = context2d(canvas);
  if (!context || side === 0) return;
  if (canvas.width !== side) canvas.width = canvas.height = side;
  context.clearRect(0, 0, side, side);
  const count = places.length / 2;
  const size = scale * Math.max(2, side * POINT * Math.min(LARGEST, Math.max(1, (MANY / Math.max(1, count)) ** 0.5)));
  // A class at a time: a colour is changed ten times and not a thousand.
  const classes = new Map<number | undefined, Path2D>();
  const shareOf = sharesOf(points);
  for (let i = 0; i < count; i++) {
    const [right, down] = shareOf(i);
    const label = labels?.[i];
    const path = classes.get(label) ?? new Path2D();
    path.rect(right * side - size / 2, down * side - size / 2, size, size);
    classes.set(label, path);
  }
  context.globalAlpha = opacity;
  for (const [label, path] of classes) {
    context.fillStyle = classColour(label);
    context.fill(path);
  }
  context.globalAlpha = 1;
}

/** How far down each image is, as a share of the map: in its class's lane, spread over most of that. */
function lanes(labels: Uint8Array | undefined): (image: number) => number {
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  const count = Math.max(1, classes.length);
  return (image) => {
    const spread = (image * 0.618034) % 1; // the golden section: neighbours fall far apart
    return (Math.max(0, classes.indexOf(labels?.[image] ?? 0)) + 0.15 + 0.7 * spread) / count;
  };
}

/** A ring; of a place off the map an arrow at the edge, to where it is. */
export function drawMark(canvas: HTMLCanvasElement, [right, down]: Share): void {
  const { width: side } = canvas;
  const size = side / 45;
  const path = new Path2D();
  const [x, y] = [right, down].map((share) => Math.min(side - size, Math.max(size, share * side))) as [number, number];
  if ([right, down].every((share) => share >= 0 && share <= 1))
    path.arc(right * side, down * side, size, 0, 2 * Math.PI);
  else {
    const angle = Math.atan2(down * side - y, right * side - x);
    for (const turn of [0, 2.4, -2.4])
      path.lineTo(x + size * Math.cos(angle + turn), y + size * Math.sin(angle + turn));
    path.closePath();
  }
  outline(canvas, path);
}

/** The mark of a code of one dimension. */
export function drawLine(canvas: HTMLCanvasElement, right: number): void {
  const path = new Path2D();
  const x = canvas.width * Math.min(0.997, Math.max(0.003, right)); // off the map, at its edge
  path.moveTo(x, 0);
  path.lineTo(x, canvas.height);
  outline(canvas, path);
}

/** A square around the point of the image that is marked in all panels. */
export function drawSquare(canvas: HTMLCanvasElement, [right, down]: Share): void {
  const { width: side } = canvas;
  const size = side / 32;
  const path = new Path2D();
  path.rect(right * side - size / 2, down * side - size / 2, size, size);
  outline(canvas, path);
}

/** A cross where the visitor's drawing is. */
export function drawCross(canvas: HTMLCanvasElement, [right, down]: Share): void {
  const { width: side } = canvas;
  const [x, y, size] = [right * side, down * side, side / 45];
  const path = new Path2D();
  for (const way of [-1, 1]) {
    path.moveTo(x - size, y - way * size);
    path.lineTo(x + size, y + way * size);
  }
  outline(canvas, path, '#ffb703');
}

/** White, or of a colour, with a black edge: to be seen on anything. */
function outline(canvas: HTMLCanvasElement, path: Path2D, colour = '#fff'): void {
  const context = context2d(canvas);
  if (!context) return;
  for (const [stroke, width] of [
    ['#000', 6],
    [colour, 2.5],
  ] as const) {
    context.strokeStyle = stroke;
    context.lineWidth = (width * canvas.width) / 500;
    context.stroke(path);
  }
}
