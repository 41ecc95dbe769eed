/**
 * The library for Node: all of latentgpu, latentgpu/profile, latentgpu/tune and latentgpu/data, with devices that Dawn (npm
 * `webgpu`) opens.
 * @module latentgpu/node
 */

// For programs, which pages need not carry: other formats of data, models without a device, and what the library does with its
// own options.
export { type KnownNumbers, LAYOUTS } from './data/as-examples.js';
export { imagesFromArrays } from './data/as-images.js';
export type { ElementType } from './data/files/elements.js';
export { halfBits } from './data/files/half.js';
export { isZip } from './data/files/zip.js';
export { heldOutRows } from './data/hold-out.js';
export * from './data/index.js';
export { byNumberThenText } from './data/tables/table.js';
export * from './index.js';
export { type InferredSpec, inferSpec, type Shapes as NamedShapes } from './model/infer.js';
export { quantile } from './model/scaling.js';
export { logVarRangeOf } from './model/spec.js';
export { numberFault } from './model/values.js';
export { nearest } from './names.js';
export { listAdapters, type NodeDeviceOptions, openDevice } from './node/adapters.js';
export { type TuningFileOptions, tuningFile } from './node/tuning-file.js';
export { containerDriverFolders, driverFolders } from './node/vulkan.js';
export * from './profile/index.js';
export * from './profile/tuning.js';
export { weightsFor } from './train/weights/weights.js';
