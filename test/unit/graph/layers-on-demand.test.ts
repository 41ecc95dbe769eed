// What only layers need that are not linear: graphs and matmuls without it name the remedy, and with it work.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GraphError } from '../../../src/errors.js';
import { evaluationGraph } from '../../../src/graph/build.js';
import { Graph } from '../../../src/graph/graph.js';
import { shapeText } from '../../../src/kernels/matmul/choices.js';
import { convolutionOf } from '../../../src/model/convolution.js';
import { convVae, vae } from '../../../src/model/presets.js';
import { loadLayers } from '../../../src/train/layers.js';

const convolution = convolutionOf({ height: 4, width: 4, channels: 1 }, 2, { kernel: 2, stride: 2 }, 1);
const product = { m: 12, n: 2, k: 4, transposeA: false, transposeB: true, view: { result: 'y', convolution } } as const;
const dropped = () => {
  const graph = new Graph();
  const x = graph.append({ op: 'input', name: 'x' }, [], 'x', [2, 3]);
  return graph.append({ op: 'dropout', probability: 0.5, layer: 0 }, [x], 'encoder.1').shape;
};

const isRefused = (work: () => unknown) =>
  assert.throws(
    work,
    (error: unknown) =>
      error instanceof GraphError &&
      error.message === 'a layer that is not linear needs what is not loaded: await loadLayers(spec)',
  );

test('before it is loaded, whoever needs it says so', () => {
  isRefused(dropped);
  isRefused(() => evaluationGraph(convVae(), 2));
  isRefused(() => shapeText(product));
});

test('a model of linear layers neither needs nor loads it', async () => {
  await loadLayers(vae());
  assert.ok(evaluationGraph(vae(), 2).graph.nodes.length > 0);
  isRefused(dropped);
});

test('loaded for one model, it is there for all', async () => {
  await loadLayers(convVae());
  assert.equal(dropped(), [2, 3]);
  assert.ok(evaluationGraph(convVae(), 2).graph.nodes.length > 0);
  assert.match(shapeText(product), / y of 4x4x1 to 2x2x2 by 2x2 \/ 2 \+ 0$/);
});

test.run();
