// Every geometry of a convolution, by this adapter's default variant and by the kernels of unfused plans, against plain f64 loops;
// a sample of them is in test/kernel.
import { test } from 'uvu';
import { defaultVariant } from '../../src/kernels/matmul/candidates.js';
import { conv2d, conv2dWeight, convTranspose2d } from '../../src/kernels/matmul/convolution.js';
import { device, usesDevice } from '../support/device.js';
import { checkGradients, checkProduct, checkSingle, productShape, RESULTS } from '../support/kernels/convolution.js';
import { CONVOLUTIONS } from '../support/kernels/convolutions.js';

const { adapter, features } = device;
const SINGLE = { y: conv2d, x: convTranspose2d, weight: conv2dWeight };

for (const [name, convolution] of Object.entries(CONVOLUTIONS))
  for (const result of RESULTS) {
    const shape = productShape(result, convolution);
    const standard = defaultVariant(adapter, { subgroups: features.has('subgroups') }, shape);
    test(`${result} of a convolution, ${name}`, () => checkProduct(result, convolution, standard));
    test(`${result} of a convolution by itself, ${name}`, () => checkSingle(result, convolution, SINGLE[result]));
    if (result === 'weight') test(`gradients of a convolution, ${name}`, () => checkGradients(convolution, standard));
  }

usesDevice(test);
test.run();
