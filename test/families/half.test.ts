// Every matmul variant that a device can run, on operands of f16, at sizes that fill no tile.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { matmulVariants } from '../../src/kernels/matmul/matmul.js';
import { DEFAULT_TILE, fitsShape, variantText } from '../../src/kernels/matmul/matmul-variants.js';
import { device, usesDevice } from '../support/device.js';
import { checkHalfProduct, NN, NT, type Size, shapeOf, TN } from '../support/kernels/matmul.js';

const SIZES: Size[] = [
  [1, 1, 1],
  [17, 9, 31],
  [36, 12, 20],
];
const SPLIT = { ...DEFAULT_TILE, name: 'tiled', split: 2 } as const;

const VARIANTS = [...matmulVariants(device.adapter, device.features.has('subgroups')), SPLIT, { ...SPLIT, vec4: true }];

for (const variant of VARIANTS)
  test(variantText(variant), async () => {
    if (!device.features.has('shader-f16')) {
      const size: Size = [4, 4, 4];
      const refused = await checkHalfProduct(variant, size, NT, ['f16', 'f16']).catch(String);
      return assert.match(refused ?? '', /f16/, 'without the feature the shader is refused');
    }
    for (const form of [NT, NN, TN])
      for (const size of SIZES)
        if (fitsShape(variant, shapeOf(size, form))) await checkHalfProduct(variant, size, form, ['f16', 'f16']);
  });

usesDevice(test);
test.run();
