// Pictures with words: harness/lib/plots/sheet.ts, pixel by pixel where that is short, and the font of harness/lib/plots/glyphs.ts.
import { decode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyph, textWidth } from '../../../harness/lib/plots/glyphs.js';
import { drawSheet, wrapRows } from '../../../harness/lib/plots/sheet.js';

const refused = (run: () => unknown, message: string) =>
  assert.throws(run, (error: Error) => error.name === 'ArgumentError' && error.message === message);

/** Grey values of a sheet, a row each. */
function greys(png: Uint8Array): number[][] {
  const { width, height, data, channels, depth } = decode(png);
  assert.equal([channels, depth, data.length], [1, 8, width * height]);
  return Array.from({ length: height }, (_, y) => [...data.subarray(y * width, (y + 1) * width)]);
}
const [PAPER, LINE, INK] = [255, 190, 34];
const TEXT = 18;

test('sheet: pixels in their places, frames between, paper around', () => {
  const top = Float32Array.of(0, 10 / 255, 20 / 255, 30 / 255); // two images of 2x1
  const below = Float32Array.of(40 / 255, Number.NaN);
  const picture = greys(drawSheet({ rows: [{ images: top }, { images: below }], width: 2, height: 1, cell: 2 }));
  // Margins of 14; frames of 2 around images of 2x1.
  assert.equal([picture.length, picture[0]?.length], [14 + 2 + 1 + 2 + 1 + 2 + 14, 14 + 2 + 2 + 2 + 2 + 2 + 14]);
  const margin = Array(14).fill(PAPER);
  const [l, p] = [LINE, PAPER];
  assert.equal(picture[16], [...margin, l, l, 0, 10, l, l, 20, 30, l, l, ...margin]);
  assert.equal(picture[19], [...margin, l, l, 40, 0, l, l, p, p, p, p, ...margin]);
  assert.equal(picture[14], [...margin, ...Array(10).fill(LINE), ...margin]);
  for (const row of [...picture.slice(0, 14), ...picture.slice(-14)]) assert.ok(row.every((grey) => grey === PAPER));
});

test('sheet: sizes with a title, labels, column labels, spaces and groups', () => {
  const one = new Float32Array(4);
  const size = (sheet: Partial<Parameters<typeof drawSheet>[0]>) => {
    const picture = greys(drawSheet({ rows: [{ images: one }], width: 2, height: 2, cell: 20, ...sheet }));
    return [picture[0]?.length, picture.length];
  };
  const [across, down] = [14 + 2 + 20 + 2 + 14, 14 + 2 + 20 + 2 + 14];
  assert.equal(size({}), [across, down]);
  assert.equal(size({ cell: 31 }), [across + 12, down + 12]); // 2 pixels are enlarged 15.5, that is 16 times
  assert.equal(size({ title: 'a' }), [across, down + TEXT + 12]);
  assert.equal(size({ title: 'abcdefgh' }), [14 + 2 * (8 * 6 - 1) + 14, down + TEXT + 12]);
  assert.equal(size({ rows: [{ images: one, label: 'ab' }] }), [across + 2 * 11 + 12, down]);
  assert.equal(size({ columnLabels: ['1'] }), [across, down + TEXT + 2]);
  assert.equal(size({ rows: [{ images: new Float32Array(8) }] }), [across + 22, down]);
  assert.equal(size({ rows: [{ images: new Float32Array(8) }], spaceAfter: [0] }), [across + 22 + 12, down]);
  const two = (startsGroup: boolean) => [
    { images: one, startsGroup: true },
    { images: one, startsGroup },
  ];
  assert.equal(size({ rows: two(false) }), [across, down + 22]);
  assert.equal(size({ rows: two(true) }), [across, down + 22 + 12]);
  assert.equal(size({ cell: undefined }), [across + 64, down + 64]); // 84 as in the other pictures
});

test('sheet: the title is written in ink, each dot of the font 2x2', () => {
  const picture = greys(drawSheet({ title: '1', rows: [{ images: Float32Array.of(1) }], width: 1, height: 1 }));
  const [top, left] = [14, 14];
  const found = Array.from({ length: 9 }, (_, y) =>
    Array.from({ length: 5 }, (_, x) => {
      const dots = [0, 1].flatMap((dy) => [0, 1].map((dx) => picture[top + 2 * y + dy]?.[left + 2 * x + dx]));
      assert.is(new Set(dots).size, 1);
      return dots[0] === INK ? '#' : '.';
    }).join(''),
  );
  assert.equal(found, glyph('1'));
  assert.is(picture.flat().filter((grey) => grey === INK).length, 4 * glyph('1').join('').replaceAll('.', '').length);
});

test('sheet: what cannot be drawn is refused', () => {
  const draw = (rows: { images: Float32Array; label?: string }[], title?: string) => () =>
    drawSheet({ rows, width: 2, height: 3, ...(title && { title }) });
  const good = { images: new Float32Array(6) };
  const must = 'cannot be images of 2x3; give a positive multiple of 6';
  refused(draw([good, { images: new Float32Array(7) }]), `picture: 7 values ${must}`);
  refused(draw([{ images: new Float32Array(0) }]), `picture: 0 values ${must}`);
  refused(draw([]), `picture: no values ${must}`);
  assert.throws(draw([good], 'q?'), /^picture: "\?" cannot be drawn/);
  assert.throws(draw([{ ...good, label: 'K' }]), /"K" cannot be drawn/);
});

test('wrapRows: groups of at most so many columns, all images once and in order', () => {
  const row = (from: number) => Float32Array.from({ length: 10 }, (_, i) => from + i); // five images of two pixels
  const wrapped = wrapRows([{ label: 'a', images: row(0) }, { images: row(100) }], 2, 3);
  assert.equal(
    wrapped.map(({ label, images, startsGroup }) => [label, [...images], startsGroup]),
    [
      ['a', [0, 1, 2, 3, 4, 5], true],
      [undefined, [100, 101, 102, 103, 104, 105], false],
      ['a', [6, 7, 8, 9], true],
      [undefined, [106, 107, 108, 109], false],
    ],
  );
  assert.is(wrapRows([{ images: row(0) }], 2, 5).length, 1);
});

test('glyphs: all of one size and different, and an unknown character is refused', () => {
  const known = ' abcdefghijklmnopqrstuvwxyz0123456789BNPRS.,:()+-=/%';
  const drawn = [...known].map((character) => {
    const rows = glyph(character);
    assert.is(rows.length, GLYPH_HEIGHT, character);
    for (const row of rows) assert.match(row, new RegExp(`^[#.]{${GLYPH_WIDTH}}$`), character);
    return rows.join('');
  });
  assert.is(new Set(drawn).size, known.length);
  assert.equal([textWidth(''), textWidth('i'), textWidth('abc')], [0, 5, 17]);
  refused(() => glyph('é'), `picture: "é" cannot be drawn, must be one of ${known}; use other words`);
});

test.run();
