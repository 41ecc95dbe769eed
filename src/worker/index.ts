/**
 * Training in a Worker, so that the page's own thread stays free.
 * @module latentgpu/worker
 */

export type { Trainings as SessionTrainings, Unsent as NotSent } from './protocol.js';
export { type Port as SessionPort, serveSession } from './serve.js';
export { type Heard as SessionListeners, type Session, type SessionOptions, startSession } from './session.js';
export type { CheckpointOptions, Drawing, DrawOptions, ImageSource, SessionInfo, SessionSetup } from './types.js';
