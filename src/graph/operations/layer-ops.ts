// Shape and gradient rules of the operations of layers that are not linear, and of several samples of the code.
import { CONVOLUTIONS } from './convolution.js';
import { DROPOUT } from './dropout.js';
import { IMPORTANCE } from './importance.js';
import { NORMALIZATIONS } from './normalization.js';
import type { LayerOpName, OpTable } from './ops.js';
import { POOLING } from './pooling.js';
import { QUANTIZATION } from './quantization.js';

export const LAYER_OPS: Pick<OpTable, LayerOpName> = {
  ...CONVOLUTIONS,
  ...NORMALIZATIONS,
  ...DROPOUT,
  ...POOLING,
  ...QUANTIZATION,
  ...IMPORTANCE,
};
