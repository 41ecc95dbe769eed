/**
 * What a session's worker runs, unless the page brings a worker of its own: a file of its own, because bundlers look for the
 * file that a `new Worker` names. It exports nothing.
 * @module latentgpu/session
 */

import { serveSession } from './serve.js';

serveSession();
