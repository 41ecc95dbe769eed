// The codes of the test images: as arrays for NumPy, and as a picture of their two principal components.
import { countOf } from 'latentgpu/node';
import { codesPlot } from '../plots/codes-plot.js';
import { encodeNpy } from '../plots/npy.js';
import { describeSpec } from '../report/describe.js';
import { grouped, type Output } from './material.js';
import { leadingAxes, MOST_JACOBI_COLUMNS, principalAxes, project } from './pca.js';

/** More points than this hide each other, and make a file that viewers are slow with. */
const MOST_POINTS = 2000;

export const codes: Output = {
  name: 'codes',
  images: true,
  pictures: false,
  refusal: () => undefined,
  async make({ model, test, size, results, say, testCodes, classes }) {
    const { mean, indices } = await testCodes();
    const { code } = model.spec;
    const latent = code.units;
    const { labels } = test;
    const count = countOf(test);
    const examples = size ? 'images' : 'rows';
    const what = code.kind === 'gaussian' ? 'means of the codes' : 'codes';
    results.write(
      'codes.npy',
      encodeNpy(mean, [count, latent]),
      `${what} of the test ${examples}, float32 [${count}, ${latent}]`,
    );
    if (code.kind === 'quantized' && indices) {
      const places = code.units / code.dimensions;
      results.write(
        'indices.npy',
        encodeNpy(indices, [count, places]),
        `the same codes as numbers of vectors, uint32 [${count}, ${places}], from 0 to ${code.codes - 1}`,
      );
    }
    if (labels)
      results.write(
        'labels.npy',
        encodeNpy(labels, [count]),
        `their classes, uint8 [${count}]${classes ? `: ${classes.join(', ')}` : ''}`,
      );
    else say('labels.npy is not made: these data have no labels');
    if (latent === 1) return say('codes.svg is not made: the code has one dimension; its plane needs two');
    const drawn = spread(count, MOST_POINTS);
    const found =
      latent > MOST_JACOBI_COLUMNS
        ? leadingAxes(rowsOf(mean, latent, drawn), latent, 2) // of what is drawn: more rows take their time
        : principalAxes(mean, latent);
    const { total } = found;
    const [first = 0, second = 0] = found.variances.map((variance) => (total > 0 ? variance / total : 0));
    const plane = project(rowsOf(mean, latent, drawn), found, 2);
    const points = drawn.map((index, at) => ({
      x: plane[2 * at] ?? 0,
      y: plane[2 * at + 1] ?? 0,
      ...(labels && { label: labels[index] ?? 0 }),
    }));
    const shown = points.length < count ? `${grouped(points.length)} of ${grouped(count)}` : grouped(count);
    results.write(
      'codes.svg',
      await codesPlot(points, {
        title: `Codes of ${shown} test ${examples}, ${describeSpec(model.spec)}`,
        shares: [first, second],
        classes,
      }),
      `principal components of the codes${labels ? ', coloured by class' : ''}: ${percent(first)} and ${percent(second)} of the variance`,
    );
  },
};

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * At most `most` of 0..count-1, one from each of as many equal stretches, at a place that neither falls into step with
 * data whose classes come in turn, nor leaves out a class of data that are sorted by it.
 */
export function spread(count: number, most: number): number[] {
  if (count <= most) return [...Array(count).keys()];
  const start = (stretch: number) => Math.floor((stretch * count) / most);
  return Array.from({ length: most }, (_, i) => start(i) + Math.floor(((i * GOLDEN) % 1) * (start(i + 1) - start(i))));
}

/** Some of the rows, [indices, columns]. */
function rowsOf(rows: Float32Array, columns: number, indices: readonly number[]): Float32Array {
  const some = new Float32Array(indices.length * columns);
  indices.forEach((index, at) => {
    some.set(rows.subarray(index * columns, (index + 1) * columns), at * columns);
  });
  return some;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
