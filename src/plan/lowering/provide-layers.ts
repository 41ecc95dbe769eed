// Hands out what layers.ts has to those who ask for it.
import { layerOps } from '../../graph/operations/table.js';
import { convolutionProducts } from '../../kernels/matmul/convolution-view.js';
import { layerPlans } from './layer-plans.js';
import type { LAYERS } from './layers.js';

export function provideLayers({ operations, convolutions, plans }: typeof LAYERS): void {
  layerOps.loaded = operations;
  convolutionProducts.loaded = convolutions;
  layerPlans.loaded = plans;
}
