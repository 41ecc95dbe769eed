// Test support: what src/train/layers.ts loads, for tests that make graphs and plans themselves.
import { LAYERS } from '../../../src/plan/lowering/layers.js';
import { provideLayers } from '../../../src/plan/lowering/provide-layers.js';

export const provideAllLayers = (): void => provideLayers(LAYERS);
