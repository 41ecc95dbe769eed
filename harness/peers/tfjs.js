// The seed step in TensorFlow.js on its WebGPU backend: fused matmuls with bias and ReLU, its own Adam.
import { DECODER, ENCODER, HEADS, PIXELS, servePeer, setUpPeer, uniform } from './peer.js';

const { batch, batches, device } = await setUpPeer();
const tf = await import('@tensorflow/tfjs-core');
await import('@tensorflow/tfjs-layers'); // registers the gradients
await import('@tensorflow/tfjs-backend-webgpu');
await tf.setBackend('webgpu');
await tf.ready();

const linear = ([inputs, units]) => [
  tf.variable(tf.tensor2d(uniform(inputs * units, inputs), [inputs, units])),
  tf.variable(tf.tensor1d(uniform(units, inputs))),
];
const encoder = ENCODER.map(linear);
const [mean, logVariance] = HEADS.map(linear);
const decoder = DECODER.map(linear);
const dense = (x, [weight, bias], activation) => tf.fused.matMul({ a: x, b: weight, bias, activation });

const lossOf = (x) =>
  tf.tidy(() => {
    const h = encoder.reduce((value, layer) => dense(value, layer, 'relu'), x);
    const mu = dense(h, mean, 'linear');
    const logVar = dense(h, logVariance, 'linear');
    const z = tf.add(mu, tf.mul(tf.randomNormal(mu.shape), tf.exp(tf.mul(logVar, 0.5))));
    const last = decoder.length - 1;
    const l = decoder.reduce((value, layer, at) => dense(value, layer, at === last ? 'linear' : 'relu'), z);
    const bce = tf.sum(tf.add(tf.sub(tf.relu(l), tf.mul(l, x)), tf.log1p(tf.exp(tf.neg(tf.abs(l))))));
    const kl = tf.mul(tf.sum(tf.sub(tf.sub(tf.add(logVar, 1), tf.square(mu)), tf.exp(logVar))), -0.5);
    return tf.add(bce, kl);
  });

const data = batches.map((values) => tf.tensor2d(values, [batch, PIXELS]));
const adam = tf.train.adam(1e-3);
let last;
await servePeer({
  version: tf.version_core,
  device,
  batch,
  step: (index) => {
    last?.dispose();
    last = adam.minimize(() => lossOf(data[index % data.length]), true);
  },
  loss: async () => (await last.data())[0],
});
