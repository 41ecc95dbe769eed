/**
 * Finds the fastest variant of each matmul. Apart from latentgpu/profile because it makes plans, and carries what that needs a
 * second time.
 * @module latentgpu/tune
 */

export type { Outcome, Refusal } from '../gpu/tune.js';
export { candidatesOn } from '../train/variants.js';
export { type MatmulChoice, type TuneMatmulOptions, type TuneReport, tuneMatmuls } from './tune-matmuls.js';
export type { TunedMatmul, TunedMatmuls, TunedOn, TuningCache } from './tuning-cache.js';
