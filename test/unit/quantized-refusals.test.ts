// What a model with a quantised code is refused, in one line each.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onnxGraphs } from '../../harness/lib/export/onnx-graph.js';
import { compress } from '../../harness/lib/generate/compress.js';
import { samples } from '../../harness/lib/generate/images.js';
import { parameterSpecs } from '../../src/graph/layers.js';
import { checkMirrored } from '../../src/model/check-spec.js';
import { vqVae } from '../../src/model/presets.js';
import { layoutOf } from '../../src/plan/layout.js';
import { initialParameters } from '../../src/train/initialize.js';
import { checkScoreOptions } from '../../src/train/scores.js';
import { unflatten } from '../../src/train/tensors.js';

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
    'a model with a quantized code has no ONNX files yet: use --html, or take model.safetensors to PyTorch (harness/torch/autoencoder.py)',
  );
});

test('samples, and what quantising costs', () => {
  assert.is(samples.refusal(SPEC), 'a quantized code has no prior to draw from; only variational models have one');
  assert.is(compress.refusal(SPEC), 'its code is quantized already: 196 numbers below 4 an image');
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
