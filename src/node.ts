// latentgpu for Node: all of index and of profile, and devices opened through Dawn (npm `webgpu`).
export * from './index.js';
// For programs, which pages need not carry: models without a device, and what the library does with its own options.
export { type InferredSpec, inferSpec } from './model/infer.js';
export { logVarRangeOf } from './model/spec.js';
export { numberFault } from './model/values.js';
export { didYouMean, nearest } from './names.js';
export { listAdapters, type NodeDeviceOptions, openDevice } from './node/adapters.js';
export { type TuningFileOptions, tuningFile } from './node/tuning-file.js';
export { containerDriverFolders, driverFolders } from './node/vulkan.js';
export * from './profile/index.js';
export * from './profile/tuning.js';
export { weightsFor } from './train/weights.js';
