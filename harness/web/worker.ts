// The worker in which everything of the GPU happens; the page talks to it through a Session.
import { serveSession } from 'latentgpu/worker';

serveSession();
