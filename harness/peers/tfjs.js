// The step in TensorFlow.js on its WebGPU backend: fused matmuls and convolutions with bias and ReLU, its own Adam. Feature maps
// have their channels last, as its fastest kernels take them; weights are brought into that order once.
import { permuted, servePeer, setUpPeer } from './peer.js';

const { spec, encoder, decoder, weights, batch, batches, device } = await setUpPeer();
const tf = await import('@tensorflow/tfjs-core');
await import('@tensorflow/tfjs-layers'); // registers the gradients
await import('@tensorflow/tfjs-backend-webgpu');
await tf.setBackend('webgpu');
await tf.ready();

const HEADS = ['mu', 'log_var'].map((name) => ({
  kind: 'dense',
  activation: 'identity',
  weight: `${name}.weight`,
  bias: `${name}.bias`,
}));
const [mean, logVariance] = HEADS;
const { image } = spec;
/** Of the map that flatten ends, whose numbers a dense layer then takes in another order. */
const flattened = encoder.some(({ kind }) => kind === 'flatten') ? mapBeforeFlatten() : undefined;

/** The map that the encoder ends with: stride and padding as in PyTorch. */
function mapBeforeFlatten() {
  let { height, width, channels } = image;
  for (const { kind, kernel, stride, padding, channels: units } of encoder)
    if (kind === 'conv') {
      const next = (length) => Math.floor((length + 2 * padding - kernel) / stride) + 1;
      [height, width, channels] = [next(height), next(width), units];
    }
  return { height, width, channels };
}

/** A layer's weight and bias, in TensorFlow's order. */
function ordered({ kind, weight, bias }, from, to, values) {
  const w = values.get(weight);
  const b = values.get(bias);
  if (kind === 'conv' || kind === 'convTranspose') return [permuted(w.values, w.shape, [2, 3, 1, 0]), b];
  const [units, inputs] = w.shape;
  if (from) {
    const shape = [units, from.channels, from.height, from.width];
    return [{ ...permuted(w.values, shape, [2, 3, 1, 0]), shape: [inputs, units] }, b];
  }
  if (to) {
    const shape = [to.channels, to.height, to.width];
    const turned = permuted(w.values, [...shape, inputs], [1, 2, 0, 3]);
    return [
      { ...turned, shape: [units, inputs] },
      { ...permuted(b.values, shape, [1, 2, 0]), shape: [units] },
    ];
  }
  return [permuted(w.values, w.shape, [1, 0]), b];
}

/** Each layer with weights, what lies before and after it, and its variables. */
const trained = [];
for (const part of [encoder, HEADS, decoder])
  for (const [at, layer] of part.entries()) {
    if (!layer.weight) continue;
    const from = part === HEADS || part[at - 1]?.kind === 'flatten' ? flattened : undefined;
    const to = part[at + 1]?.kind === 'reshape' ? part[at + 1] : undefined;
    layer.transposed = to !== undefined;
    trained.push({ layer, from: layer.kind === 'dense' ? from : undefined, to });
  }

let adam;
function begin(values) {
  for (const { layer, from, to } of trained) {
    for (const variable of layer.variables ?? []) variable.dispose();
    layer.variables = ordered(layer, from, to, values).map((one) => tf.variable(tf.tensor(one.values, one.shape)));
  }
  adam?.dispose();
  adam = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
}

const FUSED = { relu: 'relu', identity: 'linear' };

function apply(x, { kind, activation, stride, padding, height, width, channels, variables, kernel, transposed }) {
  if (kind === 'flatten') return tf.reshape(x, [batch, -1]);
  if (kind === 'reshape') return tf.reshape(x, [batch, height, width, channels]);
  const [weight, bias] = variables;
  const own = FUSED[activation];
  // A layer before a reshape has its weight as [units, inputs]. With [inputs, units] the gradient of its inputs is a product by a
  // transposed matrix over thousands of numbers, for which tfjs 4.22 takes its kernel matMulSplitK: on lavapipe that is wrong.
  if (kind === 'dense') return tf.fused.matMul({ a: x, b: weight, transposeB: transposed, bias, activation: own });
  if (kind === 'conv')
    return tf.fused.conv2d({ x, filter: weight, strides: stride, pad: padding, bias, activation: own });
  // The filter of a transposed convolution is [height, width, out, in]: PyTorch's [in, out, height, width] turned about.
  const size = (length) => (length - 1) * stride - 2 * padding + kernel;
  const [, rows, columns] = x.shape;
  const shape = [batch, size(rows), size(columns), channels];
  const sum = tf.add(tf.conv2dTranspose(x, weight, shape, stride, padding), bias);
  return activation === 'relu' ? tf.relu(sum) : sum;
}

const lossOf = (x) =>
  tf.tidy(() => {
    const images = image && encoder[0]?.kind !== 'dense' ? tf.reshape(x, [batch, image.height, image.width, 1]) : x;
    const h = encoder.reduce(apply, images);
    const mu = apply(h, mean);
    const logVar = apply(h, logVariance);
    const z = tf.add(mu, tf.mul(tf.randomNormal(mu.shape), tf.exp(tf.mul(logVar, 0.5))));
    const l = tf.reshape(decoder.reduce(apply, z), [batch, spec.inputs]); // grey images: channels last are channels first
    const bce = tf.sum(tf.add(tf.sub(tf.relu(l), tf.mul(l, x)), tf.log1p(tf.exp(tf.neg(tf.abs(l))))));
    const kl = tf.mul(tf.sum(tf.sub(tf.sub(tf.add(logVar, 1), tf.square(mu)), tf.exp(logVar))), -0.5);
    return tf.add(bce, kl);
  });

const data = batches.map((values) => tf.tensor2d(values, [batch, spec.inputs]));
let last;
await servePeer({
  version: tf.version_core,
  device,
  batch,
  weights,
  begin,
  step: (index) => {
    last?.dispose();
    last = adam.minimize(() => lossOf(data[index % data.length]), true);
  },
  loss: async () => (await last.data())[0],
});
