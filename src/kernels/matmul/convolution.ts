// Convolutions as matmuls: which product each of the three is, where its operands are found, and where its result goes.
// Indices: shaders/lib/maps/convolution.wgsl. The kernels at the end do one by itself, with nothing clever: unfused plans.
import convTranspose2dSource from '../../../shaders/layers/conv_transpose2d.wgsl';
import conv2dSource from '../../../shaders/layers/conv2d.wgsl';
import conv2dWeightSource from '../../../shaders/layers/conv2d_weight.wgsl';
import type { Convolution } from '../../model/convolution.js';
import { type Constants, type Kernel, linearGrid, WORKGROUP } from '../kernel.js';
import type { ShaderSource } from '../shader.js';
import { convolutionSources } from './convolution-sources.js';
import type {
  ConvolutionProduct,
  ConvolutionProducts,
  ConvolutionResult,
  ConvolutionView,
  ProductNumbers,
} from './convolution-view.js';

const area = ({ height, width }: { height: number; width: number }): number => height * width;

/** Whether rows and columns of x fall into phases of as many each (shaders/lib/maps/transposed_convolution.wgsl). */
const isPhased = ({ x, stride: [down, right], dilation }: Convolution): boolean =>
  dilation[0] === 1 && dilation[1] === 1 && x.height % down === 0 && x.width % right === 0;

/** Elements of the kernel that may reach one place of x. */
const tapsOf = (convolution: Convolution): [height: number, width: number] => {
  const { kernel, stride } = convolution;
  if (!isPhased(convolution)) return [...kernel];
  return [Math.ceil(kernel[0] / stride[0]), Math.ceil(kernel[1] / stride[1])];
};

const phasesOf = (convolution: Convolution): number =>
  isPhased(convolution) ? convolution.stride[0] * convolution.stride[1] : 1;

/** Products that a dispatch computes side by side. */
export const productsOf = ({ result, convolution }: ConvolutionView): number =>
  convolution.groups * (result === 'x' ? phasesOf(convolution) : 1);

/** @param images examples of the batch */
export function convolutionProduct(
  result: ConvolutionResult,
  convolution: Convolution,
  images: number,
): ConvolutionProduct {
  const { x, y, kernel, groups } = convolution;
  const view = { result, convolution };
  const window = (kernel[0] * kernel[1] * x.channels) / groups;
  const [inputs, outputs] = [x.channels / groups, y.channels / groups];
  switch (result) {
    case 'y':
      return { m: images * area(y), n: outputs, k: window, transposeA: false, transposeB: true, view };
    case 'x': {
      const [down, right] = tapsOf(convolution);
      const m = (images * area(x)) / phasesOf(convolution);
      return { m, n: inputs, k: down * right * outputs, transposeA: false, transposeB: false, view };
    }
    case 'weight':
      return { m: outputs, n: window, k: images * area(y), transposeA: true, transposeB: false, view };
  }
}

/** `override`s of shaders/lib/maps/convolution.wgsl. */
const geometry = ({ x, y, kernel, stride, padding, dilation, groups }: Convolution): Constants => ({
  X_HEIGHT: x.height,
  X_WIDTH: x.width,
  X_CHANNELS: x.channels,
  Y_HEIGHT: y.height,
  Y_WIDTH: y.width,
  Y_CHANNELS: y.channels,
  KERNEL_HEIGHT: kernel[0],
  KERNEL_WIDTH: kernel[1],
  STRIDE_HEIGHT: stride[0],
  STRIDE_WIDTH: stride[1],
  PADDING_HEIGHT: padding[0],
  PADDING_WIDTH: padding[1],
  DILATION_HEIGHT: dilation[0],
  DILATION_WIDTH: dilation[1],
  GROUPS: groups,
});

/** `override`s of a product. */
function viewConstants({ result, convolution }: ConvolutionView): Constants {
  if (result === 'y' || result === 'weight') return geometry(convolution);
  const [down, right] = tapsOf(convolution);
  return { ...geometry(convolution), PHASED: Number(isPhased(convolution)), TAPS_HEIGHT: down, TAPS_WIDTH: right };
}

/** "28x28x1 to 14x14x32 by 4x4 / 2 + 1": of a variant's name, so all that tells two apart. */
function convolutionText({ x, y, kernel, stride, padding, dilation, groups }: Convolution): string {
  const both = ([height, width]: readonly [number, number]) => (height === width ? `${height}` : `${height}x${width}`);
  const map = ({ height, width, channels }: Convolution['x']) => `${height}x${width}x${channels}`;
  const dilated = both(dilation) === '1' ? '' : ` dilated ${both(dilation)}`;
  const grouped = groups === 1 ? '' : ` in ${groups} groups`;
  return `${map(x)} to ${map(y)} by ${kernel.join('x')} / ${both(stride)} + ${both(padding)}${dilated}${grouped}`;
}

/** What matmuls ask, once this file is loaded. */
function productNumbers({ m, k, view }: ConvolutionProduct): ProductNumbers {
  const { result, convolution } = view;
  const { x, y, kernel, groups } = convolution;
  const weight = (y.channels * kernel[0] * kernel[1] * x.channels) / groups;
  const places = { y: m, x: m * phasesOf(convolution), weight: k }[result];
  const images = places / area(result === 'x' ? x : y);
  const [xs, ys] = [images * numbersOf(x), images * numbersOf(y)];
  switch (result) {
    case 'y':
      return { a: xs, b: weight, c: ys, rows: 0 };
    case 'x':
      return { a: ys, b: weight, c: xs, rows: 0 };
    case 'weight':
      return { a: ys, b: xs, c: weight, rows: y.channels };
  }
}

export const CONVOLUTION_PRODUCTS: ConvolutionProducts = {
  product: convolutionProduct,
  count: productsOf,
  numbers: productNumbers,
  constants: viewConstants,
  text: convolutionText,
  sources: convolutionSources,
};

// --- by themselves ----------------------------------------------------------------------------------------------------

export interface SingleConvolution {
  convolution: Convolution;
  images: number;
}

const flopsOf = ({ convolution, images }: SingleConvolution): number => {
  const { y, x, kernel, groups } = convolution;
  return (2 * images * area(y) * y.channels * kernel[0] * kernel[1] * x.channels) / groups;
};

const single = (
  name: string,
  source: ShaderSource,
  reads: [string, string],
  writes: string,
  count: (shape: SingleConvolution) => number,
): Kernel<SingleConvolution> => ({
  name,
  sources: [source],
  bindings: { [reads[0]]: 'read', [reads[1]]: 'read', [writes]: 'write' },
  loads: { [reads[0]]: 1, [reads[1]]: 1 },
  constants: ({ convolution }) => ({ ...geometry(convolution), WORKGROUP }),
  sizes: (shape) => ({ images: shape.images, count: count(shape) }),
  grid: (shape) => linearGrid(count(shape)),
  flops: flopsOf,
});

const numbersOf = (map: Convolution['x']): number => area(map) * map.channels;

/** (x, weight) -> y */
export const conv2d = single(
  'conv2d',
  conv2dSource,
  ['x', 'weight'],
  'y',
  ({ convolution, images }) => images * numbersOf(convolution.y),
);
/** (y, weight) -> x */
export const convTranspose2d = single(
  'conv_transpose2d',
  convTranspose2dSource,
  ['y', 'weight'],
  'x',
  (shape) => shape.images * numbersOf(shape.convolution.x),
);
/** (y, x) -> weight: the gradient of the weight, y that of conv2d's output */
export const conv2dWeight = single('conv2d_weight', conv2dWeightSource, ['y', 'x'], 'weight', ({ convolution }) => {
  const { x, y, kernel, groups } = convolution;
  return (y.channels * kernel[0] * kernel[1] * x.channels) / groups;
});
