// What a JavaScript peer has from its benchmark: the same device as this engine's, the same model, weights and images, and the
// way in which it is asked. harness/lib/bench/bench-peers.ts starts a peer, reads one line of JSON when it is ready, and asks on stdin
// for `time N`; the peer ends when stdin does. `agreed` are the losses of the first steps without noise, all on the first batch,
// which must be this engine's; `losses` those of as many steps with noise, from the same weights.
//   -> {"bench":"ready","version":"4.22.0","device":"llvmpipe","agreed":[1151.2,...],"losses":[545.1,...],"ms":310}
//   time 4
//   -> {"bench":"timed","ms":302.5,"loss":481.2}
import fs from 'node:fs';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import { decodeSafetensors, openDevice } from '../../dist/node.js';

const CHECKED_STEPS = 8;

/**
 * A layer: what the spec says of it, and the names of its weight and bias; flatten and reshape have none.
 * @typedef {{ kind: string, activation?: string, weight?: string, bias?: string, kernel?: number, stride?: number,
 *   padding?: number, channels?: number, height?: number, width?: number }} Layer
 */

/**
 * The arguments and the device: to a library `navigator.gpu` has one adapter, which gives the device that this engine opens.
 * @returns the model, its layers and first weights, the batch size, the images [batch, pixels] as floats 0..1, and the device
 */
export async function setUpPeer() {
  const text = { type: /** @type {const} */ ('string') };
  const { values } = parseArgs({ options: { adapter: text, batch: text, images: text, spec: text, weights: text } });
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
  const spec = JSON.parse(fs.readFileSync(values.spec, 'utf8'));
  const weights = decodeSafetensors(fs.readFileSync(values.weights));
  const bytes = fs.readFileSync(values.images);
  const size = batch * spec.inputs;
  const batches = Array.from({ length: Math.floor(bytes.length / size) }, (_, index) =>
    Float32Array.from(bytes.subarray(index * size, (index + 1) * size), (byte) => byte / 255),
  );
  const encoder = layersOf(spec.encoder, 'encoder', weights);
  const decoder = layersOf(spec.decoder, 'decoder', weights);
  decoder.at(-1).activation = 'identity'; // the loss takes logits
  return { spec, encoder, decoder, weights, batch, batches, device };
}

/** @returns {Layer[]} */
function layersOf(layers, part, weights) {
  const names = [...weights.keys()].filter((name) => name.startsWith(`${part}.`) && name.endsWith('.weight'));
  return layers.map(({ kind = 'dense', ...layer }) => {
    if (kind === 'flatten' || kind === 'reshape') return { kind, ...layer };
    const weight = names.shift();
    return { kind, ...layer, weight, bias: weight.replace(/weight$/, 'bias') };
  });
}

/**
 * The elements of a tensor in another order of its axes, as PyTorch's `permute(axes).contiguous()`.
 * @param {Float32Array} values @param {readonly number[]} shape @param {readonly number[]} axes
 */
export function permuted(values, shape, axes) {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const lengths = axes.map((axis) => shape[axis]);
  const result = new Float32Array(values.length);
  const at = lengths.map(() => 0);
  for (let to = 0; to < result.length; to++) {
    result[to] = values[at.reduce((sum, index, axis) => sum + index * strides[axes[axis]], 0)];
    for (let axis = at.length - 1; axis >= 0 && ++at[axis] === lengths[axis]; axis--) at[axis] = 0;
  }
  return { values: result, shape: lengths };
}

/** Codes whose deviation is exp(-10): their noise cannot be seen in a loss. The engine is checked with the same weights. */
const QUIET_LOG_VAR = -20;

/** @param {Map<string, { shape: number[], values: Float32Array }>} weights */
function quiet(weights) {
  const { shape, values } = weights.get('log_var.bias');
  return new Map(weights).set('log_var.bias', { shape, values: values.map(() => QUIET_LOG_VAR) });
}

/**
 * @param {object} peer
 * @param {string} peer.version
 * @param {import('latentgpu/node').Device} peer.device
 * @param {number} peer.batch
 * @param {Map<string, { shape: number[], values: Float32Array }>} peer.weights
 * @param {(weights: Map<string, { shape: number[], values: Float32Array }>) => void} peer.begin    at step 0, with these
 * @param {(index: number) => void} peer.step    begins a training step on a batch
 * @param {() => Promise<number>} peer.loss      waits for the steps; the last one's loss, summed over the batch
 */
export async function servePeer({ version, device, batch, weights, begin, step, loss }) {
  const agreed = [];
  begin(quiet(weights));
  for (let i = 0; i < CHECKED_STEPS; i++) {
    step(0);
    agreed.push((await loss()) / batch);
  }
  begin(weights);
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
  tell({ bench: 'ready', version, device: device.adapter.name, agreed, losses, ms });
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
