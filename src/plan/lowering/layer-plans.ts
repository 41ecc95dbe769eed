// Kernels and patterns of layers that are not linear, once they are loaded (layers.ts).
import { OnDemand } from '../../graph/on-demand.js';
import type { LayerOpName } from '../../graph/operations/ops.js';
import type { Lowering, Pattern } from './call.js';

export interface LayerPlans {
  /** One kernel an operation. */
  lowerings: Record<LayerOpName, Lowering>;
  /** What is tried after the patterns of fuse.ts. */
  patterns: Pattern[];
}

export const layerPlans = new OnDemand<LayerPlans>();
