// Digits that look handwritten, made without any file: for pages and machines that cannot fetch MNIST, and for tests.
// A digit is a few pen strokes, each a smooth curve (quadratic B-spline) steered by control points; every image wobbles
// the points, the pressure, the slant and the proportions, then fits the digit into MNIST's frame: about 20 pixels high
// or wide, centred by its mass in 28x28, white on black. Only + - * / and square roots, which IEEE 754 rounds in one
// way, so every engine makes the same bytes (Math.sin or Math.exp may differ in the last bit).
import { ArgumentError } from '../errors.js';
import { requireKnownKeys } from '../names.js';
import { philox, STREAM, seedKey, unit } from '../random.js';
import type { Dataset, Images } from './dataset.js';

const SIDE = 28;
const CLASSES = 10;
/** Test images are numbered from here, so that no image is in both sets. */
const FIRST_TEST = 1_000_000_000;
const MOST_IMAGES = 1_000_000;
/** Straight pieces that each curved piece of a stroke is drawn with. */
const PIECES = 4;
/** Half the width of the edge of a stroke, over which it fades from white to black, in pixels. */
const EDGE = 0.75;

/**
 * Ways to write each digit, in a box of 100x100 (x right, y down): strokes parted by ";", control points "x,y". A stroke
 * starts and ends at its outer points, is pulled towards those between, and has a sharp corner at a doubled point.
 */
const STYLES: readonly (readonly string[])[] = [
  [
    '58,3 20,-2 5,40 8,98 55,108 88,85 85,20 62,-5 40,6',
    '50,2 15,5 10,50 15,97 50,104 75,95 82,50 75,2 45,-3 38,6',
    '66,12 50,-6 5,10 5,75 25,108 75,100 92,50 80,5 50,0',
    '45,5 8,25 0,80 35,104 80,100 95,55 78,0 38,0 30,16',
  ],
  [
    '50,0 51,50 49,100',
    '52,0 49,35 52,65 48,100',
    '30,26 40,18 54,0 54,0 52,50 51,100',
    '32,24 52,0 52,0 51,50 50,98;28,99 50,98 74,99',
  ],
  [
    '12,24 18,0 50,-8 82,5 76,40 50,65 12,98 12,98 45,96 88,98',
    '10,20 30,-4 78,-4 82,30 60,62 30,100 2,100 6,76 30,78 55,98 92,92',
    '14,14 40,-2 82,0 80,36 48,70 10,96 10,96 40,88 70,98 90,94',
    '15,30 20,-4 72,-8 76,28 62,58 32,96 10,98 14,82 34,84 60,102 84,94',
  ],
  [
    '14,12 40,-8 80,2 78,36 40,46 40,46 84,46 90,88 50,108 8,90',
    '14,4 40,4 76,2 76,2 46,38 46,38 88,44 88,92 45,108 12,92',
    '18,14 30,-6 76,-4 76,34 48,50 36,47 44,42 84,46 86,92 44,110 12,92',
    '12,10 50,-8 82,10 68,38 34,48 34,48 72,44 84,70 70,104 30,106 6,96',
  ],
  [
    '24,4 18,36 12,58 12,58 45,60 86,54;72,14 68,50 62,100',
    '30,2 14,40 16,60 46,60 72,44;78,4 70,40 64,98',
    '68,0 40,28 8,66 8,66 50,66 92,64;68,0 67,50 66,100',
    '20,6 12,50 30,58 60,54 76,6 76,6 70,50 64,100',
  ],
  [
    '80,3 30,4 30,4 22,44 22,44 52,32 86,46 84,96 42,108 12,92',
    '30,6 22,44 22,44 50,34 84,44 88,92 46,108 10,96;28,6 50,6 86,2',
    '84,4 48,0 28,8 18,42 46,42 82,58 76,100 36,108 12,94',
    '88,2 34,8 34,8 20,50 20,50 60,36 80,62 60,106 10,98',
  ],
  [
    '66,2 30,18 6,60 12,100 50,108 84,94 74,60 40,54 14,84',
    '48,0 22,36 8,80 26,106 68,106 78,76 54,56 24,66 14,88',
    '74,6 40,4 10,44 8,96 42,106 78,98 76,58 40,52 14,76',
    '36,0 20,40 12,78 24,104 62,106 82,78 60,58 30,68 20,92',
  ],
  [
    '10,8 44,10 84,4 84,4 58,44 44,100',
    '12,8 44,8 82,4 82,4 56,48 42,100;32,52 54,50 76,48',
    '14,24 16,6 50,8 84,4 84,4 60,50 54,100',
    '10,12 34,0 60,12 86,6 86,6 66,36 52,66 50,100',
  ],
  [
    '74,14 54,-6 18,2 20,32 54,52 84,74 72,106 34,108 14,86 24,62 56,42 82,22 70,2 56,2',
    '50,4 18,6 20,38 54,48 84,66 76,104 32,106 14,80 32,54 72,34 74,4 44,2',
    '78,8 50,-4 16,8 24,36 62,60 72,98 44,108 20,94 34,62 70,32 82,8',
    '52,2 22,4 20,38 50,48 78,38 76,4 46,2;48,48 16,56 14,100 50,106 86,98 82,56 46,47',
  ],
  [
    '76,18 58,-8 18,0 14,44 46,58 72,34 78,8 78,8 74,50 70,100',
    '78,16 58,-6 20,2 14,46 48,56 76,34 80,12 80,50 72,104 38,106 18,92',
    '72,10 40,-6 10,16 16,52 54,50 76,14 76,14 68,50 52,100',
    '80,8 46,-8 14,14 22,52 62,50 80,16 78,60 60,90 48,102',
  ],
];

/** Strokes of one style: control points as x, y, x, y..., in -1..1. */
type Style = readonly (readonly number[])[];

const parsed: readonly (readonly Style[])[] = STYLES.map((styles) =>
  styles.map((style) => style.split(';').map((stroke) => stroke.split(/[ ,]/).map((word) => Number(word) / 50 - 1))),
);

/** A stroke as drawn: points x, y, half width, one after the other. */
type Path = number[];

/** The random numbers of one image, in the order in which they are asked for. */
class Draws {
  private drawn = 0;
  private words: readonly number[] = [];
  constructor(
    private readonly index: number,
    private readonly key: readonly [number, number],
  ) {}
  word(): number {
    const at = this.drawn % 4;
    if (at === 0) this.words = philox([this.drawn / 4, this.index, 0, STREAM.data], this.key);
    this.drawn++;
    return this.words[at] ?? 0;
  }
  /** Near enough to normal, mean 0, standard deviation 1, at most 3.45: a sum of four bytes needs no logarithm. */
  bell(): number {
    const word = this.word();
    return ((word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24) - 510) / 147.8;
  }
}

/**
 * A data set of handwritten-like digits, 28x28, the classes in turn (image i is a digit i % 10). Image i depends on the
 * seed and i alone, so a smaller set is the beginning of a larger one.
 * @param options.train how many training images, 1 to 1,000,000
 * @param options.test  how many test images, 1 to 1,000,000; none of them is in the training set
 * @param options.seed  a non-negative safe integer
 * @throws ArgumentError naming the option that is none of these
 */
export function digits(options: { train?: number; test?: number; seed?: number } = {}): Dataset {
  requireKnownKeys(options, ['train', 'test', 'seed'], 'digits');
  const { train = 60_000, test = 10_000, seed = 0 } = options;
  for (const [name, count] of Object.entries({ train, test }))
    if (!Number.isInteger(count) || count < 1 || count > MOST_IMAGES)
      throw new ArgumentError(`digits: ${name} is ${count}, must be an integer from 1 to ${MOST_IMAGES}`);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ArgumentError(`digits: seed is ${seed}, must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}`);
  return { name: 'digits', train: draw(train, 0, seed), test: draw(test, FIRST_TEST, seed) };
}

function draw(count: number, first: number, seed: number): Images {
  const pixels = new Uint8Array(count * SIDE * SIDE);
  const labels = new Uint8Array(count);
  const key = seedKey(seed);
  for (let i = 0; i < count; i++) {
    labels[i] = i % CLASSES;
    const image = pixels.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
    const draws = new Draws(first + i, key);
    const styles = parsed[i % CLASSES] ?? [];
    const style = styles[Math.floor(unit(draws.word()) * styles.length)] ?? [];
    const paths = write(style, draws);
    frame(paths, draws);
    for (const path of paths) ink(path, image);
  }
  return { count, height: SIDE, width: SIDE, pixels, labels };
}

/** One hand writing one digit once: the style's points moved about, then smoothed. Widths are relative to the pen's. */
function write(style: Style, draws: Draws): Path[] {
  const slant = 0.12 + 0.25 * draws.bell();
  const tilt = 0.09 * draws.bell();
  const width = 0.82 + 0.15 * draws.bell();
  const bend = 0.09 * draws.bell();
  const taper = 0.15 * draws.bell();
  const swell = 0.11 * draws.bell();
  return style.map((stroke) => {
    const points: Path = [];
    for (let i = 0; i < stroke.length; i += 2) {
      const again = i > 0 && stroke[i] === stroke[i - 2] && stroke[i + 1] === stroke[i - 1];
      if (again) {
        points.push(...points.slice(-3));
        continue;
      }
      const x0 = (stroke[i] ?? 0) + 0.088 * draws.bell();
      const y0 = (stroke[i + 1] ?? 0) + 0.088 * draws.bell();
      const x = width * x0 * (1 + taper * y0) + bend * y0 * y0;
      const y = y0 * (1 + swell * y0);
      points.push(x - slant * y, y + tilt * x, 1 + 0.13 * draws.bell());
    }
    return smooth(points);
  });
}

/** The quadratic B-spline of control points, as a chain of short straight pieces. */
function smooth(points: Path): Path {
  const at = (i: number, axis: number) => points[3 * i + axis] ?? 0;
  const last = points.length / 3 - 1;
  const path: Path = [at(0, 0), at(0, 1), at(0, 2)];
  for (let i = 1; i < last; i++)
    for (let piece = 1; piece <= PIECES; piece++) {
      const t = piece / PIECES;
      for (let axis = 0; axis < 3; axis++) {
        const from = i === 1 ? at(0, axis) : (at(i - 1, axis) + at(i, axis)) / 2;
        const to = i === last - 1 ? at(last, axis) : (at(i, axis) + at(i + 1, axis)) / 2;
        path.push(from * (1 - t) * (1 - t) + at(i, axis) * 2 * t * (1 - t) + to * t * t);
      }
    }
  return path;
}

/** Scales paths to pixels: the digit fills MNIST's 20x20 box, its mass is in the middle, all ink stays inside. */
function frame(paths: Path[], draws: Draws): void {
  const pen = Math.max(0.75, 1.15 + 0.26 * draws.bell());
  let [left, right, top, bottom] = [9, -9, 9, -9];
  for (const path of paths)
    for (let i = 0; i < path.length; i += 3) {
      left = Math.min(left, path[i] ?? 0);
      right = Math.max(right, path[i] ?? 0);
      top = Math.min(top, path[i + 1] ?? 0);
      bottom = Math.max(bottom, path[i + 1] ?? 0);
    }
  const size = 19.6 + 0.4 * draws.bell() - 2 * pen;
  const scale = size / Math.max(right - left, bottom - top);
  let [mass, massX, massY] = [0, 0, 0];
  for (const path of paths)
    for (let i = 0; i < path.length; i += 3) {
      const dx = (path[i] ?? 0) - (path[i - 3] ?? path[i] ?? 0);
      const dy = (path[i + 1] ?? 0) - (path[i - 2] ?? path[i + 1] ?? 0);
      const length = Math.sqrt(dx * dx + dy * dy) * (path[i + 2] ?? 0);
      mass += length;
      massX += length * ((path[i] ?? 0) - dx / 2);
      massY += length * ((path[i + 1] ?? 0) - dy / 2);
    }
  const margin = 1.5 * pen + EDGE + 1;
  const place = (centre: number, low: number, high: number, jitter: number) =>
    Math.min(Math.max(SIDE / 2 + jitter - scale * centre, margin - scale * low), SIDE - margin - scale * high);
  const x0 = place(massX / mass, left, right, 0.3 * draws.bell());
  const y0 = place(massY / mass, top, bottom, 0.3 * draws.bell());
  for (const path of paths)
    for (let i = 0; i < path.length; i += 3) {
      path[i] = x0 + scale * (path[i] ?? 0);
      path[i + 1] = y0 + scale * (path[i + 1] ?? 0);
      path[i + 2] = pen * (path[i + 2] ?? 0);
    }
}

/** Draws a path: each piece is a line with round ends and a soft edge; where pieces overlap the whiter one counts. */
function ink(path: Path, image: Uint8Array): void {
  for (let i = 3; i < path.length; i += 3) {
    const [x0 = 0, y0 = 0, r0 = 0, x1 = 0, y1 = 0, r1 = 0] = path.slice(i - 3, i + 3);
    const dx = x1 - x0;
    const dy = y1 - y0;
    const perLength = 1 / Math.max(dx * dx + dy * dy, 1e-9);
    const reach = Math.max(r0, r1) + EDGE;
    // Pixels whose middle, at + 0.5, is within reach.
    const fromX = Math.max(0, Math.ceil(Math.min(x0, x1) - reach - 0.5));
    const toX = Math.min(SIDE - 1, Math.floor(Math.max(x0, x1) + reach - 0.5));
    const fromY = Math.max(0, Math.ceil(Math.min(y0, y1) - reach - 0.5));
    const toY = Math.min(SIDE - 1, Math.floor(Math.max(y0, y1) + reach - 0.5));
    for (let row = fromY; row <= toY; row++)
      for (let col = fromX; col <= toX; col++) {
        const at = row * SIDE + col;
        const before = image[at] ?? 0;
        if (before === 255) continue;
        const px = col + 0.5 - x0;
        const py = row + 0.5 - y0;
        const along = Math.min(1, Math.max(0, (px * dx + py * dy) * perLength));
        const ex = px - along * dx;
        const ey = py - along * dy;
        const radius = r0 + along * (r1 - r0);
        // A ramp in the squared distance, from white at radius - EDGE to black at radius + EDGE.
        const outer = radius + EDGE;
        const cover = (outer * outer - ex * ex - ey * ey) / (4 * radius * EDGE);
        if (cover > 0) image[at] = Math.max(before, Math.floor(255 * Math.min(1, cover) + 0.5));
      }
  }
}
