// Letters for pictures: a small pixel font, drawn here, because a PNG has no text of its own and a font library would be
// a dependency for a few words. It has what the captions of generate.js need and refuses the rest; sheet.ts draws with it.
import { ArgumentError } from 'latentgpu/node';

/** Pixels of a glyph: the last two rows are for what hangs below the line. */
export const GLYPH_WIDTH = 5;
export const GLYPH_HEIGHT = 9;
/** From one glyph to the next. */
export const GLYPH_ADVANCE = 6;

/** Which characters a band of rows draws, from left to right, and the band. */
const BANDS: readonly (readonly [characters: string, rows: string])[] = [
  [
    'abcdefghijklm',
    `
..... #.... ..... ....# ..... ..##. ..... #.... ..#.. ...#. #.... .##.. .....
..... #.... ..... ....# ..... .#... ..... #.... ..... ..... #.... ..#.. .....
.###. ####. .#### .#### .###. ####. .#### ####. .##.. ..##. #..#. ..#.. ##.#.
....# #...# #.... #...# #...# .#... #...# #...# ..#.. ...#. #.#.. ..#.. #.#.#
.#### #...# #.... #...# ##### .#... #...# #...# ..#.. ...#. ##... ..#.. #.#.#
#...# #...# #.... #...# #.... .#... #...# #...# ..#.. ...#. #.#.. ..#.. #.#.#
.#### ####. .#### .#### .###. .#... .#### #...# .###. ...#. #..#. .###. #.#.#
..... ..... ..... ..... ..... ..... ....# ..... ..... ...#. ..... ..... .....
..... ..... ..... ..... ..... ..... .###. ..... ..... .##.. ..... ..... .....
`,
  ],
  [
    'nopqrstuvwxyz',
    `
..... ..... ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... .....
..... ..... ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... .....
####. .###. ####. .#### #.##. .#### ####. #...# #...# #...# #...# #...# #####
#...# #...# #...# #...# ##..# #.... .#... #...# #...# #.#.# .#.#. #...# ...#.
#...# #...# #...# #...# #.... .###. .#... #...# #...# #.#.# ..#.. #...# ..#..
#...# #...# #...# #...# #.... ....# .#... #...# .#.#. #.#.# .#.#. #...# .#...
#...# .###. ####. .#### #.... ####. ..##. .#### ..#.. .#.#. #...# .#### #####
..... ..... #.... ....# ..... ..... ..... ..... ..... ..... ..... ....# .....
..... ..... #.... ....# ..... ..... ..... ..... ..... ..... ..... .###. .....
`,
  ],
  [
    '0123456789BNPRS',
    `
.###. ..#.. .###. .###. ...#. ##### .###. ##### .###. .###. ####. #...# ####. ####. .####
#...# .##.. #...# #...# ..##. #.... #.... ....# #...# #...# #...# ##..# #...# #...# #....
#..## ..#.. ....# ....# .#.#. ####. #.... ...#. #...# #...# #...# #.#.# #...# #...# #....
#.#.# ..#.. ..##. ..##. #..#. ....# ####. ..#.. .###. .#### ####. #..## ####. ####. .###.
##..# ..#.. .#... ....# ##### ....# #...# ..#.. #...# ....# #...# #...# #.... #.#.. ....#
#...# ..#.. #.... #...# ...#. #...# #...# .#... #...# ....# #...# #...# #.... #..#. ....#
.###. .###. ##### .###. ...#. .###. .###. .#... .###. .###. ####. #...# #.... #...# ####.
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....
`,
  ],
  [
    '.,:()+-=/%',
    `
..... ..... ..... ...#. .#... ..... ..... ..... ....# ##..#
..... ..... ..... ..#.. ..#.. ..#.. ..... ..... ....# ##.#.
..... ..... .##.. .#... ...#. ..#.. ..... ##### ...#. ...#.
..... ..... .##.. .#... ...#. ##### ##### ..... ..#.. ..#..
..... ..... ..... .#... ...#. ..#.. ..... ##### .#... .#...
.##.. .##.. .##.. ..#.. ..#.. ..#.. ..... ..... #.... .#.##
.##.. .##.. .##.. ...#. .#... ..... ..... ..... #.... #..##
..... .#... ..... ..... ..... ..... ..... ..... ..... .....
..... ..... ..... ..... ..... ..... ..... ..... ..... .....
`,
  ],
];

const GLYPHS = new Map<string, readonly string[]>([[' ', Array(GLYPH_HEIGHT).fill('.'.repeat(GLYPH_WIDTH))]]);
for (const [characters, band] of BANDS) {
  const rows = band.trim().split('\n');
  [...characters].forEach((character, index) => {
    const left = index * GLYPH_ADVANCE;
    GLYPHS.set(
      character,
      rows.map((row) => row.slice(left, left + GLYPH_WIDTH)),
    );
  });
}

/** A name from outside in letters that there are: small ones without accents, a hyphen for what has none. */
export function drawable(text: string, most = 16): string {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const drawn = [...plain].map((character) => (GLYPHS.has(character) ? character : '-'));
  return drawn.length <= most ? drawn.join('') : `${drawn.slice(0, most - 2).join('')}..`;
}

/** Rows of a character, `#` for ink. */
export function glyph(character: string): readonly string[] {
  const rows = GLYPHS.get(character);
  if (!rows)
    throw new ArgumentError(
      `picture: "${character}" cannot be drawn, must be one of ${[...GLYPHS.keys()].join('')}; use other words`,
    );
  return rows;
}

/** Pixels that a text takes across. */
export const textWidth = (text: string): number => Math.max(0, [...text].length * GLYPH_ADVANCE - 1);
