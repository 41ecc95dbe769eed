// latentgpu for Node: all of index and of profile, and devices opened through Dawn (npm `webgpu`).
export * from './index.js';
export { listAdapters, type NodeDeviceOptions, openDevice } from './node/adapters.js';
export * from './profile/index.js';
