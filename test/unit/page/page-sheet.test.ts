// The drawing on the pad of harness/web: what ink, noise and rubber do to its pixels.
import { corruptImages } from 'latentgpu';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Pen, Sheet, type Spot } from '../../../harness/web/drawing/sheet.js';

const NOISE = { kind: 'gaussian', amount: 0.5 } as const;
const SIZE = { height: 9, width: 12 };
const at = (x: number, y: number) => y * SIZE.width + x;
/** Middle of a pixel. */
const spot = (x: number, y: number): Spot => [x + 0.5, y + 0.5];

/** Everything the same grey. */
const grey = (value: number) => new Sheet(SIZE, new Float32Array(SIZE.height * SIZE.width).fill(value));

/** From the left to the right of row 4, through the middles of its pixels 2 to 9. */
function line(sheet: Sheet, pen: Pen): Sheet {
  sheet.draw({ from: spot(2, 4), to: spot(9, 4), pen });
  return sheet;
}

/** Pixels whose middles are less than `radius` from that line. */
const near = (radius: number) =>
  Array.from({ length: SIZE.height * SIZE.width }, (_, i) => i).filter((i) => {
    const [x, y] = [i % SIZE.width, Math.floor(i / SIZE.width)];
    return Math.hypot(x - Math.min(9, Math.max(2, x)), y - 4) < radius;
  });

test('ink is white in the middle, soft at the edge, rounded at the ends, and nothing elsewhere', () => {
  const sheet = line(grey(0), 'ink');
  const shown = sheet.shown(NOISE);
  // Radius 1.2 and an edge of 0.8: covered by (1.2 - distance) / 0.8 + 1/2, between 0 and 1.
  assert.is(shown[at(5, 4)], 1);
  assert.is(shown[at(5, 3)], Math.fround(0.2 / 0.8 + 0.5));
  assert.is(shown[at(5, 5)], shown[at(5, 3)]);
  assert.is(shown[at(5, 2)], 0);
  assert.is(shown[at(1, 4)], shown[at(5, 3)], 'beyond the end as far as beside the line');
  assert.is(shown[at(1, 3)], Math.fround((1.2 - Math.SQRT2) / 0.8 + 0.5));
  assert.is(shown[at(0, 4)], 0);
});

test('ink never makes a pixel darker', () => {
  const shown = line(grey(0.9), 'ink').shown(NOISE);
  assert.is(shown[at(5, 3)], Math.fround(0.9));
  assert.is(shown[at(5, 4)], 1);
});

test('the rubber takes ink away in its middle, some at its edge, and none elsewhere', () => {
  const shown = line(grey(0.5), 'rubber').shown(NOISE);
  // Radius 2.2.
  assert.is(shown[at(5, 4)], 0);
  assert.is(shown[at(5, 3)], 0);
  assert.is(shown[at(5, 2)], Math.fround(0.5 * (1 - (0.2 / 0.8 + 0.5))));
  assert.is(shown[at(5, 1)], 0.5);
});

for (const noise of [
  { kind: 'gaussian', amount: 0.5 },
  { kind: 'mask', amount: 0.6 },
  { kind: 'saltpepper', amount: 0.4 },
] as const)
  test(`the noise pen gives its pixels the model's damage, ${noise.kind} of ${noise.amount}, and leaves the others`, () => {
    const sheet = line(grey(0.25), 'noise');
    const shown = sheet.shown(noise);
    const damaged = corruptImages(sheet.clean, noise, 1);
    const under = new Set(near(2.5)); // its radius
    assert.ok(under.size > 30 && under.size < 80);
    assert.equal(
      Array.from(shown),
      Array.from(damaged, (value, i) => (under.has(i) ? value : 0.25)),
    );
    assert.ok(
      [...under].some((i) => shown[i] !== 0.25),
      'there is damage',
    );
    assert.equal(Array.from(sheet.clean), Array.from(grey(0.25).clean), 'the drawing under it is whole');
  });

test('going over noise again adds none', () => {
  const sheet = line(grey(0.25), 'noise');
  const once = Array.from(sheet.shown(NOISE));
  for (let i = 0; i < 20; i++) line(sheet, 'noise');
  assert.equal(Array.from(sheet.shown(NOISE)), once);
});

test('the rubber takes noise away with the ink, and ink is drawn above noise', () => {
  const rubbed = line(line(grey(0.25), 'noise'), 'rubber').shown(NOISE);
  for (const i of near(1.5)) assert.is(rubbed[i], 0);
  const inked = line(line(grey(0), 'noise'), 'ink').shown(NOISE);
  assert.is(inked[at(5, 4)], 1);
});

test('noise all over is the damage of the whole drawing, each time another', () => {
  const sheet = grey(0.25);
  sheet.addNoise();
  const first = Array.from(sheet.shown(NOISE));
  assert.equal(first, Array.from(corruptImages(sheet.clean, NOISE, 2)));
  sheet.addNoise();
  assert.equal(Array.from(sheet.shown(NOISE)), Array.from(corruptImages(sheet.clean, NOISE, 3)));
});

test.run();
