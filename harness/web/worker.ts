// The workers in which everything of the GPU happens: the page talks to one through a Session, and starts another for a
// benchmark, which loads the measuring when it is asked for. One file, because the engine is most of it.
import { serveSession } from 'latentgpu/worker';
import { BENCHMARK } from './bench/protocol.js';

if (self.name === BENCHMARK) void import('./bench/serve.js').then(({ serveBenchmark }) => serveBenchmark());
else serveSession();
