// Colours of classes, told apart on the map's black, and as swatches beside it: ten that were chosen, and for more classes hues
// that lie far from their neighbours', lighter and darker in turn.
const CLASS_COLOURS = [
  '#4cc9f0',
  '#ffb703',
  '#f72585',
  '#80ed99',
  '#b298ff',
  '#ff7b54',
  '#f1faee',
  '#c8963e',
  '#5f8dff',
  '#d0f400',
];
const WITHOUT_CLASS = '#4cc9f0';
/** Degrees; the golden angle. */
const NEXT_HUE = 137.5;
const LIGHTNESS = [60, 80, 45];

export const classColour = (label: number | undefined): string =>
  label === undefined ? WITHOUT_CLASS : (CLASS_COLOURS[label] ?? furtherColour(label));

const furtherColour = (label: number): string =>
  `hsl(${((label * NEXT_HUE) % 360).toFixed(1)} 75% ${LIGHTNESS[label % LIGHTNESS.length]}%)`;
