// The seed step in jax-js on its WebGPU backend: one jitted function with gradients and Adam.
import fs from 'node:fs';
import { DECODER, ENCODER, HEADS, LATENT, PIXELS, servePeer, setUpPeer, uniform } from './peer.js';

const { batch, batches, device } = await setUpPeer();
const { init, defaultDevice, numpy: np, jit, valueAndGrad, random, tree } = await import('@jax-js/jax');
await init('webgpu');
defaultDevice('webgpu');

let params = {};
const layers = [...ENCODER, ...HEADS, ...DECODER];
for (const [at, [inputs, units]] of layers.entries()) {
  params[`w${at}`] = np.array(uniform(inputs * units, inputs)).reshape([inputs, units]);
  params[`b${at}`] = np.array(uniform(units, inputs));
}
const names = Object.keys(params);
const relu = (x) => np.maximum(x, 0);

// jax-js counts references: a value is used up by what it is given to, unless that gets `.ref`.
function lossOf(p, x, noise) {
  const dense = (at, value) => np.dot(value, p[`w${at}`]).add(p[`b${at}`]);
  let h = x.ref;
  for (let at = 0; at < ENCODER.length; at++) h = relu(dense(at, h));
  const heads = ENCODER.length;
  const mu = dense(heads, h.ref);
  const logVar = dense(heads + 1, h);
  let l = mu.ref.add(noise.mul(np.exp(logVar.ref.mul(0.5))));
  for (let at = 0; at < DECODER.length; at++) {
    l = dense(heads + 2 + at, l);
    if (at < DECODER.length - 1) l = relu(l);
  }
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

let moments1 = {};
let moments2 = {};
for (const name of names) {
  moments1[name] = np.zeros(params[name].shape);
  moments2[name] = np.zeros(params[name].shape);
}
let t = np.array(1.0);
let key = random.key(0);
let last;
const data = batches.map((values) => np.array(values).reshape([batch, PIXELS]));
const { version } = JSON.parse(
  fs.readFileSync(new URL('node_modules/@jax-js/jax/package.json', import.meta.url), 'utf8'),
);
await servePeer({
  version,
  device,
  batch,
  step: (index) => {
    let noiseKey;
    [key, noiseKey] = random.split(key, 2);
    last?.dispose();
    const noise = random.normal(noiseKey, [batch, LATENT]);
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
