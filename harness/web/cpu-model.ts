// The pretrained model without WebGPU: the page's processor answers what a session would. It is for a VAE of dense ReLU layers and
// a sigmoid at the end, which is what the build trains; it does not train. Loaded only where there is no GPU.
import { type CheckedExamples, decodeSafetensors, numbersOf, someExamples } from 'latentgpu';
import type { Drawing, ImageSource } from 'latentgpu/worker';
import { normals } from './drawing/normals.js';
import { paint } from './drawing/picture.js';
import type { Answering } from './state.js';

interface Layer {
  /** [units, inputs] */
  weight: Float32Array;
  bias: Float32Array;
}

/**
 * @param file the weights, a safetensors file
 * @param test the examples that it is asked about by number
 */
export function cpuModel(file: Uint8Array, test: CheckedExamples): Answering {
  const tensors = decodeSafetensors(file);
  const layer = (name: string): Layer => {
    const [weight, bias] = ['weight', 'bias'].map((part) => tensors.get(`${name}.${part}`)?.values);
    if (!(weight instanceof Float32Array && bias instanceof Float32Array)) throw new Error(`the model has no ${name}`);
    return { weight, bias };
  };
  const hidden = (part: string): Layer[] =>
    [...tensors.keys()]
      .filter((name) => name.startsWith(`${part}.`) && name.endsWith('.weight'))
      .map((name) => layer(name.replace(/\.weight$/, '')));
  const encoder = [...hidden('encoder'), layer('mu')];
  const decoder = hidden('decoder');
  const { length: latent } = layer('mu').bias;
  const size = { height: test.shape[1] ?? 0, width: test.shape[2] ?? 0 };

  const valuesOf = (images: ImageSource): Float32Array => {
    if (images instanceof Float32Array) return images;
    const { first = 0, count = (test.shape[0] ?? 0) - first } = images;
    return numbersOf(someExamples(test, first, count));
  };
  const mean = (images: ImageSource) => through(encoder, valuesOf(images));
  const decoded = (codes: Float32Array) => through(decoder, codes).map((logit) => 1 / (1 + Math.exp(-logit)));
  const drawn = (count: number, seed = 0) => Float32Array.from({ length: count * latent }, normals(seed + 1));
  const imagesOf = (drawing: Drawing): Float32Array => {
    if ('codes' in drawing) return decoded(drawing.codes);
    return decoded('samples' in drawing ? drawn(drawing.samples, drawing.seed) : mean(drawing.reconstructions));
  };
  return {
    encode: async (images) => ({ mean: mean(images) }),
    decode: async (codes) => decoded(codes),
    reconstruct: async (images) => decoded(mean(images)),
    sample: async (count, { seed } = {}) => decoded(drawn(count, seed)),
    draw: async (canvas, drawing, { columns } = {}) => {
      const images = imagesOf(drawing);
      paint(canvas, images, size, columns ?? images.length / (size.height * size.width));
    },
  };
}

/** Rows through dense layers, with ReLU between them. @param rows [n, inputs of the first layer] */
function through(layers: readonly Layer[], rows: Float32Array): Float32Array {
  let values = rows;
  for (const [at, { weight, bias }] of layers.entries()) {
    const [units, inputs] = [bias.length, weight.length / bias.length];
    const next = new Float32Array((values.length / inputs) * units);
    for (let i = 0; i < next.length; i++) {
      const [row, unit] = [Math.floor(i / units) * inputs, i % units];
      let sum = bias[unit] ?? 0;
      for (let k = 0; k < inputs; k++) sum += (weight[unit * inputs + k] ?? 0) * (values[row + k] ?? 0);
      next[i] = at < layers.length - 1 ? Math.max(0, sum) : sum;
    }
    values = next;
  }
  return values;
}
