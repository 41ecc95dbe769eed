// What a JavaScript peer has from its benchmark: the same device as this engine's, the same images, and the way in which it is
// asked. harness/lib/bench/peers.ts starts a peer, reads one line of JSON when it is ready, and asks on stdin for `time N`;
// the peer ends when stdin does.
//   -> {"bench":"ready","version":"4.22.0","device":"llvmpipe","losses":[545.1,...],"ms":310}
//   time 4
//   -> {"bench":"timed","ms":302.5,"loss":481.2}
import fs from 'node:fs';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import { openDevice } from '../../dist/node.js';

export const PIXELS = 784;
export const LATENT = 64;
const HIDDEN = [512, 256];
/** Inputs and outputs of each layer. */
export const ENCODER = [
  [PIXELS, HIDDEN[0]],
  [HIDDEN[0], HIDDEN[1]],
];
export const HEADS = [
  [HIDDEN[1], LATENT],
  [HIDDEN[1], LATENT],
];
export const DECODER = [
  [LATENT, HIDDEN[1]],
  [HIDDEN[1], HIDDEN[0]],
  [HIDDEN[0], PIXELS],
];

const CHECKED_STEPS = 8;

/**
 * The arguments and the device: to a library `navigator.gpu` has one adapter, which gives the device that this engine opens.
 * @returns the batch size, its images [batch, 784] as floats 0..1, several batches, and the device
 */
export async function setUpPeer() {
  const { values } = parseArgs({
    options: { adapter: { type: 'string' }, batch: { type: 'string' }, images: { type: 'string' } },
  });
  const batch = Number(values.batch);
  const device = await openDevice({ adapter: values.adapter });
  const { gpu } = device;
  const adapter = {
    info: gpu.adapterInfo,
    features: gpu.features,
    limits: gpu.limits,
    isFallbackAdapter: false,
    requestDevice: async () => gpu,
  };
  const navigator = { gpu: { requestAdapter: async () => adapter }, userAgent: 'node', language: 'en' };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  const bytes = fs.readFileSync(values.images);
  const size = batch * PIXELS;
  const batches = Array.from({ length: Math.floor(bytes.length / size) }, (_, index) =>
    Float32Array.from(bytes.subarray(index * size, (index + 1) * size), (byte) => byte / 255),
  );
  return { batch, batches, device };
}

/** As PyTorch's nn.Linear begins. @param {number} count @param {number} inputs */
export function uniform(count, inputs) {
  const bound = 1 / Math.sqrt(inputs);
  return Float32Array.from({ length: count }, () => (2 * Math.random() - 1) * bound);
}

/**
 * @param {object} peer
 * @param {string} peer.version
 * @param {import('latentgpu/node').Device} peer.device
 * @param {number} peer.batch
 * @param {(index: number) => void} peer.step    begins a training step
 * @param {() => Promise<number>} peer.loss      waits for the steps; the last one's loss, summed over the batch
 */
export async function servePeer({ version, device, batch, step, loss }) {
  let index = 0;
  const losses = [];
  let ms = 0;
  for (let i = 0; i < CHECKED_STEPS; i++) {
    const start = performance.now();
    step(index++);
    losses.push((await loss()) / batch);
    ms = performance.now() - start;
  }
  device.check();
  tell({ bench: 'ready', version, device: device.adapter.name, losses, ms });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const steps = Number(/^time (\d+)$/.exec(line)?.[1]);
    if (!steps) throw new Error(`peer: asked "${line}", must be "time N"`);
    const start = performance.now();
    for (let i = 0; i < steps; i++) step(index++);
    const last = (await loss()) / batch;
    const took = (performance.now() - start) / steps;
    device.check();
    tell({ bench: 'timed', ms: took, loss: last });
  }
  process.exit(0);
}

/** @param {object} message */
function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
