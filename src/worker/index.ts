// latentgpu/worker: training in a Worker, so that the page's own thread stays free.
export { serveSession } from './serve.js';
export { type Session, type SessionOptions, startSession } from './session.js';
export type { CheckpointOptions, Drawing, DrawOptions, ImageSource, SessionInfo, SessionSetup } from './types.js';
