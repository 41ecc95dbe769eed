// Outputs that show the space of the codes: a walk between two test images, and a grid over two dimensions.
import { countOf, type Model, type ModelSpec } from 'latentgpu/node';
import type { ImageSize } from '../data/examples.js';
import { shadesOf } from '../plots/shades.js';
import { drawSheet } from '../plots/sheet.js';
import { defaultWalk, line, shares, snapped } from './between.js';
import { type ClassNames, classText, drawnClass } from './classes.js';
import { sameLabel } from './labels.js';
import { type Output, pick } from './material.js';
import { columnMoments } from './pca.js';
import { rangesOf } from './quantise.js';

const WALK_STEPS = 11;
const GRID_SIDE = 11;
const GRID_CELL = 56;
/** Standard deviations to each side. */
const GRID_REACH = 2;

export const walk: Output = {
  name: 'walk',
  images: true,
  pictures: true,
  refusal: (_spec, test) => (test && countOf(test) === 1 ? 'there is one test image only' : undefined),
  async make(material) {
    const { model, test, options, results, classes: names } = material;
    const size = material.size as ImageSize;
    const { spec } = model;
    const ends = options.walk ?? defaultWalk({ count: countOf(test), labels: test.labels });
    const { images: given, labels } = pick(material, test, ends);
    const { mean } = await model.encode(given, labels);
    const shades = shadesOf(spec);
    const images = shades(given);
    const latent = spec.code.units;
    const codes = await inCodebook(model, line(mean.subarray(0, latent), mean.subarray(latent), WALK_STEPS));
    // A conditional decoder must be told a class on the way: once it is that of one end, once that of the other.
    const classes: (number | undefined)[] = labels.labels ? [...new Set(labels.labels as Uint8Array)] : [undefined];
    const rows = [];
    for (const label of classes) {
      const between = shades(await model.decode(codes, sameLabel(spec, label ?? 0, WALK_STEPS)));
      const row = new Float32Array(images.length + between.length);
      row.set(images.subarray(0, spec.inputs));
      row.set(between, spec.inputs);
      row.set(images.subarray(spec.inputs), spec.inputs + between.length);
      rows.push({ images: row, ...(label !== undefined && { label: `as ${drawnClass(names, label)}` }) });
    }
    const said = (text: (classes: ClassNames, label: number) => string) => {
      const named = ends.map(
        (index) => `test image ${index}${test.labels ? ` (class ${text(names, test.labels[index] ?? 0)})` : ''}`,
      );
      return `from ${named[0]} to ${named[1]}`;
    };
    const title = said(drawnClass);
    const columnLabels = ['from', ...shares(WALK_STEPS).map(String), 'to'];
    const picture = drawSheet({ ...size, title, rows, columnLabels, spaceAfter: [0, WALK_STEPS] });
    results.write(
      'walk.png',
      picture,
      `${said(classText)}: codes on the straight line between theirs${spec.code.kind === 'quantized' ? ', each place of them the nearest vector of the codebook' : ''}; the ends are the originals`,
    );
  },
};

/** Of a quantised code: what its decoder may be given. Others are left as they are. */
async function inCodebook(model: Model, codes: Float32Array): Promise<Float32Array> {
  const { code } = model.spec;
  if (code.kind !== 'quantized') return codes;
  const { values } = (await model.parameters()).get('codebook.weight') as { values: Float32Array };
  return snapped(codes, values, code.dimensions);
}

/** Where a grid goes in one dimension. */
export interface Axis {
  dimension: number;
  low: number;
  high: number;
}

/** A grid's axes, and what the other dimensions stay at. */
export interface Grid {
  across: Axis;
  up: Axis;
  /** [latent] */
  centre: Float32Array;
}

/**
 * A Gaussian code is shown at +-2 standard deviations of its prior N(0, I), around 0. Others have no prior: their own mean
 * and deviation over the test images are taken, and no value beyond those that occur.
 * @param codes of the test images, [n, latent]
 * @param axes  by default the two dimensions with the largest variance over the test images
 */
export function layGrid({ code }: ModelSpec, codes: Float32Array, axes?: readonly [number, number]): Grid {
  const latent = code.units;
  const { mean, variances } = columnMoments(codes, latent);
  const variance = (dimension: number) => variances[dimension] ?? 0;
  const ranked = [...mean.keys()].sort((a, b) => variance(b) - variance(a));
  const [across = 0, up = 1] = axes ?? ranked;
  const gaussian = code.kind === 'gaussian';
  const { low, high } = rangesOf(codes, latent);
  const axis = (dimension: number): Axis => {
    if (gaussian) return { dimension, low: -GRID_REACH, high: GRID_REACH };
    const middle = mean[dimension] ?? 0;
    const reach = GRID_REACH * Math.sqrt(variance(dimension));
    return {
      dimension,
      low: Math.max(low[dimension] ?? 0, middle - reach),
      high: Math.min(high[dimension] ?? 0, middle + reach),
    };
  };
  return { across: axis(across), up: axis(up), centre: gaussian ? new Float32Array(latent) : Float32Array.from(mean) };
}

/** Codes of a grid in reading order, the highest value of `up` first: [side * side, latent]. */
export function gridCodes({ across, up, centre }: Grid, side: number): Float32Array {
  const latent = centre.length;
  const codes = new Float32Array(side * side * latent);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const at = (row * side + column) * latent;
      codes.set(centre, at);
      codes[at + across.dimension] = valueAt(across, column, side);
      codes[at + up.dimension] = valueAt(up, side - 1 - row, side);
    }
  return codes;
}

const valueAt = ({ low, high }: Axis, index: number, side: number) => low + ((high - low) * index) / (side - 1);

export const grid: Output = {
  name: 'grid',
  images: true,
  pictures: true,
  refusal: ({ code }) =>
    code.kind === 'quantized'
      ? 'a quantized code has no dimensions to go along: each of its places is one of the vectors of a codebook'
      : code.units === 1
        ? 'the code has one dimension; a grid needs two'
        : undefined,
  async make({ model, size, options, results, testCodes, classes, label: asked }) {
    const { spec } = model;
    const label = asked ?? 0;
    const laid = layGrid(spec, (await testCodes()).mean, options.axes);
    const { across, up } = laid;
    const decoded = await model.decode(gridCodes(laid, GRID_SIDE), sameLabel(spec, label, GRID_SIDE ** 2));
    const images = shadesOf(spec)(decoded);
    const row = GRID_SIDE * spec.inputs;
    const steps = [...Array(GRID_SIDE).keys()];
    const rows = steps.map((index) => ({
      label: short(valueAt(up, GRID_SIDE - 1 - index, GRID_SIDE)),
      images: images.subarray(index * row, (index + 1) * row),
    }));
    // Every second column, so that the numbers have room.
    const columnLabels = steps.map((index) => (index % 2 === 0 ? short(valueAt(across, index, GRID_SIDE)) : ''));
    const as = (text: string) => (spec.classes === undefined ? '' : `, as class ${text}`);
    const title = `code ${across.dimension} across, code ${up.dimension} up${as(drawnClass(classes, label))}`;
    results.write(
      'grid.png',
      drawSheet({ ...(size as ImageSize), title, rows, columnLabels, cell: GRID_CELL }),
      `dimension ${across.dimension} of the code from ${range(across)} across, ${up.dimension} from ${range(up)} up${as(classText(classes, label))}` +
        (spec.code.units > 2
          ? `; the others at ${spec.code.kind === 'gaussian' ? "the prior's mean, 0" : 'their mean'}`
          : ''),
    );
  },
};

const short = (value: number): string => String(Number(value.toPrecision(2)));
const range = ({ low, high }: Axis): string => `${short(low)} to ${short(high)}`;
