// Colours of classes, told apart on the map's black, and as swatches beside it.
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

export const classColour = (label: number | undefined): string =>
  label === undefined ? WITHOUT_CLASS : (CLASS_COLOURS[label % CLASS_COLOURS.length] ?? WITHOUT_CLASS);
