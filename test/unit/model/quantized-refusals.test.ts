// What a model with a quantised code is refused, in one line each; and what it is given in its place.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onnxGraphs } from '../../../harness/lib/export/onnx-graph.js';
import { compress } from '../../../harness/lib/generate/compress.js';
import { samples } from '../../../harness/lib/generate/images.js';
import { grid, walk } from '../../../harness/lib/generate/latent.js';
import type { Material } from '../../../harness/lib/generate/material.js';
import { parameterSpecs } from '../../../src/graph/layers.js';
import { checkMirrored } from '../../../src/model/check-spec.js';
import { vqVae } from '../../../src/model/presets.js';
import { layoutOf } from '../../../src/plan/layout.js';
import { checkScoreOptions } from '../../../src/train/passes/scores.js';
import { initialParameters } from '../../../src/train/weights/initialize.js';
import { unflatten } from '../../../src/train/weights/tensors.js';

const SPEC = vqVae({ channels: [2], latent: 3, codes: 4 });

function refused(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was refused';
}

test('ONNX files', () => {
  const layout = layoutOf(parameterSpecs(SPEC));
  const weights = unflatten(layout, initialParameters(layout, 1).buffer);
  assert.is(
    refused(() => onnxGraphs(SPEC, weights)),
    'a model with a quantized code has no ONNX files yet: use --html, or load model.safetensors into PyTorch, as docs/models.md says',
  );
});

test('samples, and what quantising costs', () => {
  assert.is(samples.refusal(SPEC), 'a quantized code has no prior to draw from; only variational models have one');
  assert.is(compress.refusal(SPEC), 'its code is quantized already: 196 numbers below 4 an image');
});

test('a grid', () => {
  assert.is(
    grid.refusal(SPEC),
    'a quantized code has no dimensions to go along: each of its places is one of the vectors of a codebook',
  );
});

test('a walk decodes vectors of the codebook alone', async () => {
  const codebook = Float32Array.of(0, 0, 0, 1, 1, 1, 2, 2, 2, -1, 4, 0);
  const codes = new Float32Array(2 * SPEC.code.units).fill(0, 0, SPEC.code.units).fill(2, SPEC.code.units);
  let decoded = new Float32Array();
  const model = {
    spec: SPEC,
    encode: async () => ({ mean: codes }),
    decode: async (given: Float32Array<ArrayBuffer>) => {
      decoded = given;
      return new Float32Array((given.length / SPEC.code.units) * SPEC.inputs);
    },
    parameters: async () => new Map([['codebook.weight', { shape: [4, 3], values: codebook }]]),
  };
  const test = { shape: [2, 28, 28], values: new Uint8Array(2 * 784) };
  const said: string[] = [];
  await walk.make({
    ...{ model, test, train: test, size: { height: 28, width: 28 }, classes: undefined, options: { seed: 0 } },
    results: { write: (...parts: [string, unknown, string]) => said.push(parts[2]) },
  } as unknown as Material);
  const places = Array.from({ length: decoded.length / 3 }, (_, at) => [...decoded.subarray(3 * at, 3 * at + 3)]);
  const steps = Array.from({ length: 11 }, (_, step) => places[(step * SPEC.code.units) / 3]?.[0]);
  assert.equal(steps, [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2]);
  assert.ok(places.every(([x, y, z]) => x === y && y === z && [0, 1, 2].includes(x ?? -1)));
  assert.match(said[0] ?? '', /each place of them the nearest vector of the codebook; the ends are the originals$/);
});

test('draws of a score', () => {
  assert.is(
    refused(() => checkScoreOptions({ samples: 8 }, SPEC)),
    'samples: 8, must be left out: a quantized code has nothing to draw',
  );
});

test('training layer by layer', () => {
  assert.is(
    refused(() => checkMirrored(SPEC)),
    'code.kind: "quantized", must be deterministic to be trained layer by layer',
  );
});

test.run();
