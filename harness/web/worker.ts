// The workers in which everything of the GPU happens: the page talks to one through a Session, and starts another for a
// benchmark. One file, because the engine is most of it.
import { serveSession } from 'latentgpu/worker';
import { BENCHMARK } from './bench/protocol.js';
import { serveBenchmark } from './bench/serve.js';

if (self.name === BENCHMARK) serveBenchmark();
else serveSession();
