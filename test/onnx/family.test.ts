// Every member of the family as ONNX files, run by ONNX Runtime: the same codes and pixels as the engine's own.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeOnnx } from '../../harness/lib/export/onnx-file.js';
import { onnxGraphs } from '../../harness/lib/export/onnx-graph.js';
import { ae, vae } from '../../src/model/presets.js';
import { fitScaling } from '../../src/model/scaling.js';
import { ACTIVATIONS, type ModelSpec } from '../../src/model/spec.js';
import { createModel } from '../../src/train/model.js';
import { device, usesDevice } from '../support/device.js';
import { uniforms } from '../support/limits/numbers.js';
import { CONVOLUTIONAL } from '../support/models/convolution-models.js';
import { FAMILY } from '../support/models/family.js';

/** What is used here of onnxruntime-web, whose types a checkout lacks until this tier has run. */
interface Runtime {
  Tensor: new (type: string, data: Float32Array | BigInt64Array, sizes: number[]) => Tensor;
  InferenceSession: { create(file: Uint8Array): Promise<Session> };
}
interface Tensor {
  data: unknown;
}
interface Session {
  inputNames: string[];
  run(inputs: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

const folder = path.resolve(import.meta.dirname, '../../../test/onnx');
const MODULE = path.join(folder, 'node_modules/onnxruntime-web/dist/ort.node.min.mjs');
if (!fs.existsSync(MODULE)) execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
const ort: Runtime = await import(pathToFileURL(MODULE).href);

/**
 * Sums of at most 49 products of numbers of about 1, in some order, through at most five layers: each rounds by 2^-24 of
 * sums below 10, some twenty times.
 */
const TOLERANCE = 1e-5;

const MEMBERS: Record<string, ModelSpec> = {
  ...FAMILY,
  ...Object.fromEntries(Object.entries(CONVOLUTIONAL).filter(([, { code }]) => code.kind !== 'quantized')),
  'ae of scaled numbers': {
    ...ae({ pixels: 49, hidden: [17], latent: 5, loss: 'mse', output: 'identity' }),
    scaling: fitScaling(uniforms(5, 30 * 49, 0, 1), 49, 'standard'),
  },
  'vae of -1..1, all numbers scaled alike': {
    ...vae({ pixels: 49, hidden: [17], latent: 5, loss: 'mse', range: '-1..1' }),
    scaling: { kind: 'minmax', offset: [0.2], scale: [0.5] },
  },
  'vae of counts': vae({ pixels: 49, hidden: [17], latent: 5, loss: 'poisson' }),
  'vae with narrow bounds of log_var': vae({ pixels: 49, hidden: [17], latent: 5, logVarRange: [-0.05, 0.05] }),
  ...Object.fromEntries(
    ACTIVATIONS.map((activation) => [
      `ae of ${activation}`,
      ae({ pixels: 49, hidden: [17, 9], latent: 5, activation }),
    ]),
  ),
};

type Outputs = Record<string, Float32Array>;

async function run(file: Uint8Array, inputs: Record<string, Tensor>): Promise<Outputs> {
  const session = await ort.InferenceSession.create(file);
  const given = Object.fromEntries(session.inputNames.map((name) => [name, inputs[name] as Tensor]));
  const results = await session.run(given);
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

function assertClose(got: Float32Array | undefined, want: Float32Array | undefined, what: string): void {
  assert.ok(got && want, what);
  assert.is(got.length, want.length, what);
  for (const [index, value] of want.entries()) {
    const error = Math.abs((got[index] ?? Number.NaN) - value) / Math.max(1, Math.abs(value));
    assert.ok(error <= TOLERANCE, `${what}[${index}]: ${got[index]}, must be ${value}, off by ${error}`);
  }
}

for (const [name, spec] of Object.entries(MEMBERS))
  test(name, async () => {
    const model = await createModel(device, spec, { seed: 2 });
    const graphs = onnxGraphs(spec, await model.parameters());
    const [encoder, decoder, whole] = graphs.map((graph) => encodeOnnx(graph, {}));
    assert.ok(encoder && decoder && whole);
    const { units } = spec.code;
    for (const rows of [1, 5]) {
      const images = uniforms(7, rows * 49, 0, 1);
      const codes = uniforms(8, rows * units, -2, 2);
      const labels = spec.classes === undefined ? undefined : [2, 0, 1, 1, 0].slice(0, rows);
      const options = labels ? { labels } : {};
      const inputs = {
        images: new ort.Tensor('float32', images, [rows, 49]),
        codes: new ort.Tensor('float32', codes, [rows, units]),
        labels: new ort.Tensor('int64', BigInt64Array.from(labels ?? [], BigInt), [labels?.length ?? 0]),
      };
      const { mean, logVar } = await model.encode(images, options);
      const encoded = await run(encoder, inputs);
      assertClose(encoded[spec.code.kind === 'gaussian' ? 'mu' : 'code'], mean, 'mean');
      if (logVar) assertClose(encoded.log_var, logVar, 'log_var');
      assertClose((await run(decoder, inputs)).pixels, await model.decode(codes, options), 'decoded');
      assertClose((await run(whole, inputs)).pixels, await model.reconstruct(images, options), 'reconstructed');
    }
    model.dispose();
  });

usesDevice(test);
test.run();
