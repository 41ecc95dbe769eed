// Kernels of a quantised code: which vectors of the codebook are nearest, how often each is, and what a step makes of them.
import codeCountsSource from '../../../shaders/quantize/code_counts.wgsl';
import codebookSizesSource from '../../../shaders/quantize/codebook_sizes.wgsl';
import codebookVectorsSource from '../../../shaders/quantize/codebook_vectors.wgsl';
import oneSource from '../../../shaders/quantize/codes/one.wgsl';
import quadSource from '../../../shaders/quantize/codes/quad.wgsl';
import nearestCodeSource from '../../../shaders/quantize/nearest_code.wgsl';
import perplexitySource from '../../../shaders/quantize/perplexity.wgsl';
import takeCodeSource from '../../../shaders/quantize/take_code.wgsl';
import { STREAM } from '../../random.js';
import { ceilDiv, checkGrid, type Kernel, linearGrid, WORKGROUP } from '../kernel.js';

/** Rows [rows, columns], of which an example has `area`, and a codebook [codes, columns]. */
export interface CodebookShape {
  rows: number;
  columns: number;
  codes: number;
  area: number;
}

/** GROUP_ROWS of shaders/quantize/nearest_code.wgsl. */
const NEAREST_ROWS = 32;
/** BLOCK of shaders/quantize/code_counts.wgsl. */
const COUNTED_CODES = 1024;
/** Lanes of what one workgroup does alone. */
const ALONE = 256;

/** How many columns of z and of the codebook a load brings. */
export type CodeWidth = 1 | 4;

/** @param width 4 where the columns are whole in quads */
export const nearestCode = (width: CodeWidth): Kernel<Omit<CodebookShape, 'area'>> => ({
  name: width === 4 ? 'nearest_code+quad' : 'nearest_code',
  sources: [nearestCodeSource, width === 4 ? quadSource : oneSource],
  bindings: { z: 'read', codebook: 'read', nearest: 'write' },
  workgroup: 64,
  constants: () => ({}),
  sizes: ({ rows, columns, codes }) => ({ rows, columns, codes }),
  grid: ({ rows }) => checkGrid([ceilDiv(rows, NEAREST_ROWS), 1, 1], `${rows} rows`),
  // -, *, +
  flops: ({ rows, columns, codes }) => 3 * rows * columns * codes,
});

export const codeWidthOf = ({ columns }: { columns: number }): CodeWidth => (columns % 4 === 0 ? 4 : 1);

export const takeCode: Kernel<{ rows: number; columns: number }> = {
  name: 'take_code',
  sources: [takeCodeSource],
  bindings: { codebook: 'read', nearest: 'read', y: 'write' },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, columns }) => ({ count: rows * columns, columns }),
  grid: ({ rows, columns }) => linearGrid(rows * columns),
  flops: () => 0,
};

export const codeCounts: Kernel<Omit<CodebookShape, 'columns'>> = {
  name: 'code_counts',
  sources: [codeCountsSource],
  bindings: { nearest: 'read', progress: 'uniform', counts: 'write' },
  constants: () => ({ WORKGROUP: ALONE }),
  sizes: ({ codes, area }) => ({ codes, area }),
  grid: ({ codes }) => checkGrid([ceilDiv(codes, COUNTED_CODES), 1, 1], `${codes} codes`),
  flops: () => 0,
};

export const perplexity: Kernel<{ rows: number; codes: number }> = {
  name: 'perplexity',
  sources: [perplexitySource],
  bindings: { counts: 'read', perplexity: 'write' },
  constants: () => ({ WORKGROUP: ALONE }),
  sizes: ({ rows, codes }) => ({ rows, codes }),
  grid: () => [1, 1, 1],
  // The total; /, log, *, -
  flops: ({ codes }) => 5 * codes,
};

const kept = ({ decay }: { decay: number }) => ({ DECAY: decay, ONE_MINUS_DECAY: 1 - decay });

export const codebookSizes: Kernel<{ codes: number; decay: number }> = {
  name: 'codebook_sizes',
  sources: [codebookSizesSource],
  bindings: { counts: 'read', running: 'read_write', sizes_of: 'write' },
  constants: (shape) => ({ WORKGROUP: ALONE, ...kept(shape) }),
  sizes: ({ codes }) => ({ codes }),
  grid: () => [1, 1, 1],
  // *, *, +, and the total; +, /, *
  flops: ({ codes }) => 7 * codes,
};

export const codebookVectors: Kernel<CodebookShape & { decay: number }> = {
  name: 'codebook_vectors',
  sources: [codebookVectorsSource],
  bindings: {
    z: 'read',
    nearest: 'read',
    counts: 'read',
    sizes_of: 'read',
    settings: 'uniform',
    progress: 'uniform',
    codebook: 'read_write',
    sums: 'read_write',
  },
  constants: (shape) => ({ WORKGROUP, ...kept(shape) }),
  sizes: ({ columns, area }) => ({ columns, area, stream: STREAM.codebook }),
  grid: ({ codes, columns }) => checkGrid([codes, ceilDiv(columns, WORKGROUP), 1], `${codes} codes`),
  // Each row is added once; *, *, +, /
  flops: ({ rows, columns, codes }) => rows * columns + 4 * codes * columns,
};
