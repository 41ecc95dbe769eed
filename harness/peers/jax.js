// The step in jax-js on its WebGPU backend: one jitted function with gradients and Adam. A transposed convolution is its
// lax.convGeneralDilated with a dilated input, whose kernel is turned about once. In jax-js 0.1.25 that is wrong (by 4 where
// values are of the order of 1, on lavapipe) for several images of 32 channels that become one channel of 28x28; convolved
// alone, or from zeros that were put between the pixels before, it is right. The convolutional VAE has just such a layer: its
// losses part from this engine's by 0.6% within six steps, the benchmark tells so and leaves it out.
import fs from 'node:fs';
import { permuted, servePeer, setUpPeer } from './peer.js';

const { spec, encoder, decoder, weights, batch, batches, device } = await setUpPeer();
const { init, defaultDevice, numpy: np, lax, jit, valueAndGrad, random, tree } = await import('@jax-js/jax');
await init('webgpu');
defaultDevice('webgpu');

const HEADS = ['mu', 'log_var'].map((name) => ({
  kind: 'dense',
  activation: 'identity',
  weight: `${name}.weight`,
  bias: `${name}.bias`,
}));
const layers = [...encoder, ...HEADS, ...decoder].filter(({ weight }) => weight);
const names = layers.flatMap(({ weight, bias }) => [weight, bias]);

/** A kernel as the library takes it: [inputs, units] of a dense layer, [out, in, height, width] of a convolution. */
function ordered({ kind }, { values, shape }) {
  if (kind === 'dense') return permuted(values, shape, [1, 0]);
  if (kind === 'conv') return { values, shape };
  const turned = permuted(values, shape, [1, 0, 2, 3]);
  const size = shape[2] * shape[3];
  for (let from = 0; from < values.length; from += size) turned.values.subarray(from, from + size).reverse();
  return turned;
}

let params = {};
let moments1 = {};
let moments2 = {};
let t;
function begin(first) {
  for (const set of [params, moments1, moments2]) for (const value of Object.values(set)) value.dispose();
  t?.dispose();
  [params, moments1, moments2, t] = [{}, {}, {}, np.array(1.0)];
  for (const layer of layers) {
    const weight = ordered(layer, first.get(layer.weight));
    // Copied: arrays of a few numbers are taken by reference.
    params[layer.weight] = np.array(weight.values.slice()).reshape(weight.shape);
    params[layer.bias] = np.array(first.get(layer.bias).values.slice());
  }
  for (const name of names) {
    moments1[name] = np.zeros(params[name].shape);
    moments2[name] = np.zeros(params[name].shape);
  }
}

// jax-js counts references: a value is used up by what it is given to, unless that gets `.ref`.
const relu = (x) => np.maximum(x, 0);

function apply(p, x, { kind, activation, weight, bias, stride, padding, kernel, height, width, channels }) {
  if (kind === 'flatten') return x.reshape([batch, -1]);
  if (kind === 'reshape') return x.reshape([batch, channels, height, width]);
  let y;
  if (kind === 'dense') y = np.dot(x, p[weight]).add(p[bias]);
  else {
    const both = (value) => [
      [value, value],
      [value, value],
    ];
    const convolved =
      kind === 'conv'
        ? lax.convGeneralDilated(x, p[weight], [stride, stride], both(padding))
        : lax.convGeneralDilated(x, p[weight], [1, 1], both(kernel - 1 - padding), { lhsDilation: [stride, stride] });
    y = convolved.add(p[bias].reshape([1, channels, 1, 1]));
  }
  return activation === 'relu' ? relu(y) : y;
}

const { image } = spec;

function lossOf(p, x, noise) {
  const first = encoder[0].kind === 'dense' ? x.ref : x.ref.reshape([batch, image.channels, image.height, image.width]);
  const h = encoder.reduce((value, layer) => apply(p, value, layer), first);
  const mu = apply(p, h.ref, HEADS[0]);
  const logVar = apply(p, h, HEADS[1]);
  const z = mu.ref.add(noise.mul(np.exp(logVar.ref.mul(0.5))));
  const l = decoder.reduce((value, layer) => apply(p, value, layer), z).reshape([batch, spec.inputs]);
  const softplus = np.log1p(np.exp(np.negative(np.abs(l.ref))));
  const bce = np.maximum(l.ref, 0).sub(l.mul(x)).add(softplus).sum();
  const kl = logVar.ref.add(1).sub(np.square(mu)).sub(np.exp(logVar)).sum().mul(-0.5);
  return bce.add(kl);
}

const valueGrad = valueAndGrad(lossOf);
const trainStep = jit((p, m, v, t, x, noise) => {
  const [loss, gradients] = valueGrad(
    tree.map((value) => value.ref, p),
    x,
    noise,
  );
  const c1 = np.array(1).sub(np.power(0.9, t.ref));
  const c2 = np.array(1).sub(np.power(0.999, t.ref));
  const [P, M, V] = [{}, {}, {}];
  for (const name of names) {
    const moment1 = m[name].mul(0.9).add(gradients[name].ref.mul(0.1));
    const moment2 = v[name].mul(0.999).add(np.square(gradients[name]).mul(0.001));
    M[name] = moment1.ref;
    V[name] = moment2.ref;
    const denominator = np.sqrt(moment2.div(c2.ref)).add(1e-8);
    P[name] = p[name].sub(moment1.div(c1.ref).div(denominator).mul(1e-3));
  }
  c1.dispose();
  c2.dispose();
  return [P, M, V, t.add(1), loss];
});

let key = random.key(0);
let last;
const data = batches.map((values) => np.array(values).reshape([batch, spec.inputs]));
const { version } = JSON.parse(
  fs.readFileSync(new URL('node_modules/@jax-js/jax/package.json', import.meta.url), 'utf8'),
);
await servePeer({
  version,
  device,
  batch,
  weights,
  begin,
  step: (index) => {
    let noiseKey;
    [key, noiseKey] = random.split(key, 2);
    last?.dispose();
    const noise = random.normal(noiseKey, [batch, spec.code.units]);
    [params, moments1, moments2, t, last] = trainStep(
      params,
      moments1,
      moments2,
      t,
      data[index % data.length].ref,
      noise,
    );
  },
  loss: async () => (await last.ref.data())[0],
});
