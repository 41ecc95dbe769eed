// The Gaussian code: sampling with noise from Philox, its KL divergence, and the gradients of both, against f64 with the
// host's twin of the noise.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LatentShape } from '../../src/kernels/losses/latent.js';
import {
  klNormal,
  klNormalGradient,
  logRatio,
  reparameterize,
  reparameterizeGradient,
} from '../../src/kernels/losses/latent.js';
import { latentGradientEpilogue, sampledHeadsEpilogue } from '../../src/kernels/matmul/epilogues.js';
import { LOG_VAR_RANGE, logVarRangeOf } from '../../src/model/spec.js';
import { usesDevice } from '../support/device.js';
import {
  type Element,
  headsOf,
  LANES,
  problemOf,
  ratios,
  STEP,
  sample,
  throughSample,
} from '../support/kernels/code.js';
import { checkParts, runEpilogue, workOf } from '../support/kernels/epilogue-runner.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { progressOf, settingsOf, WEIGHTS } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { expUlps, klLimit, reductionLimit, ULP } from '../support/limits/tolerance.js';

const NO_BOUNDS = logVarRangeOf({ kind: 'gaussian', units: 1, logVarRange: null });
const SIZES: LatentShape[] = [
  { rows: 1, latent: 1, logVarRange: LOG_VAR_RANGE },
  { rows: 3, latent: 63, logVarRange: LOG_VAR_RANGE },
  { rows: 3, latent: 64, logVarRange: [-0.5, 1.25] },
  { rows: 3, latent: 65, logVarRange: NO_BOUNDS },
  { rows: 17, latent: 31, logVarRange: LOG_VAR_RANGE },
  { rows: 5, latent: 37, logVarRange: LOG_VAR_RANGE, freeBits: 1.7 },
  { rows: 128, latent: 64, logVarRange: LOG_VAR_RANGE },
];

/** Whether a dimension's divergence costs nothing; one so near to the bound that roundings decide is no case. */
function isFree(mu: number, logVar: number, freeBits: number): boolean {
  const kl = 0.5 * (mu * mu + Math.exp(logVar) - 1 - logVar);
  assert.ok(Math.abs(kl - freeBits) > klLimit(mu, logVar), `${kl} is too near to ${freeBits}`);
  return kl < freeBits;
}

/** weight dKL/d(mu, log_var) = weight (mu, (exp(log_var) - 1) / 2): the exp, a difference, a product. */
function throughKl(
  { mu, logVar, outside }: Element,
  weight: number,
  freeBits = 0,
): { want: [number, number]; limit: [number, number] } {
  if (freeBits > 0 && isFree(mu, logVar, freeBits)) return { want: [0, 0], limit: [0, 0] };
  if (outside) return { want: [weight * mu, 0], limit: [ULP * Math.abs(weight * mu), 0] };
  const e = Math.exp(logVar);
  const want: [number, number] = [weight * mu, (weight * (e - 1)) / 2];
  return {
    want,
    limit: [
      ULP * Math.abs(want[0]),
      (Math.abs(weight) / 2) * (expUlps(logVar) * e + Math.abs(e - 1)) * ULP + ULP * Math.abs(want[1]),
    ],
  };
}

/** 0.5 sum(mu^2 + exp(log_var) - 1 - log_var) of each row, with the limit. */
function divergences({ rows, latent: width, freeBits = 0 }: LatentShape, elements: Element[]) {
  const want = new Float64Array(rows);
  const limit = new Float64Array(rows);
  for (const { row, mu, logVar } of elements) {
    want[row] = (want[row] ?? 0) + Math.max(freeBits, 0.5 * (mu * mu + Math.exp(logVar) - 1 - logVar));
    limit[row] = (limit[row] ?? 0) + klLimit(mu, logVar);
  }
  return { want, limit: limit.map((value, row) => value + reductionLimit(width, LANES, want[row] ?? 0)) };
}

const state = (live: number) => ({ settings: settingsOf(), progress: progressOf({ step: STEP, rows: live }) });

for (const shape of SIZES) {
  const [low, high] = shape.logVarRange;
  const size = `${shape.rows}x${shape.latent}, log_var ${low.toPrecision(3)}..${high.toPrecision(3)}${shape.freeBits ? ', free bits' : ''}`;
  const count = shape.rows * shape.latent;
  const codeAt = (i: number) => `[${Math.floor(i / shape.latent)}, ${i % shape.latent}]`;
  const headAt = (i: number) => `dheads[${Math.floor(i / (2 * shape.latent))}, ${i % (2 * shape.latent)}]`;

  for (const stream of ['noise', 'evaluation'] as const)
    test(`log_ratio ${size}, stream ${stream}`, async () => {
      const { heads, elements } = problemOf(shape, stream);
      const results = await runKernel(
        logRatio,
        { ...shape, stream },
        { heads, ...state(shape.rows), ratio: shape.rows },
      );
      const { want, limit } = ratios(shape, elements);
      close(
        results.f32('ratio'),
        want,
        (row) => limit[row] ?? 0,
        (row) => `row ${row}`,
      );
    });

  for (const stream of ['noise', 'evaluation'] as const)
    test(`sampled_heads ${size}, stream ${stream}, half of the batch live`, async () => {
      const { heads, elements } = problemOf(shape, stream);
      const live = Math.ceil(shape.rows / 2);
      const epilogue = sampledHeadsEpilogue({ ...shape, stream });
      const product = { rows: shape.rows, columns: 2 * shape.latent, values: heads };
      const work = workOf(epilogue, product);
      const results = await runEpilogue(epilogue, product, {
        ...state(live),
        bias: new Float32Array(2 * shape.latent),
        heads: heads.length,
        z: count,
        losses: work.groups,
      });
      assert.equal(results.f32('heads'), heads);
      const z = elements.map(sample);
      close(
        results.f32('z'),
        z.map((one) => one.want),
        (i) => z[i]?.limit ?? 0,
        (i) => `z${codeAt(i)}`,
      );
      const kl = divergences(shape, elements);
      checkParts(results.f32('losses'), kl.want, kl.limit, live, work);
    });

  test(`reparameterize ${size}`, async () => {
    const { heads, elements } = problemOf(shape, 'noise');
    const bound = { heads, ...state(shape.rows), z: count };
    const results = await runKernel(reparameterize, { ...shape, stream: 'noise' }, bound);
    const z = elements.map(sample);
    close(
      results.f32('z'),
      z.map((one) => one.want),
      (i) => z[i]?.limit ?? 0,
      (i) => `z${codeAt(i)}`,
    );
  });

  test(`kl_normal ${size}`, async () => {
    const { heads, elements } = problemOf(shape, 'noise');
    const results = await runKernel(klNormal, shape, { heads, kl: shape.rows });
    const { want, limit } = divergences(shape, elements);
    close(
      results.f32('kl'),
      want,
      (row) => limit[row] ?? 0,
      (row) => `kl[${row}]`,
    );
  });

  test(`reparameterize_gradient ${size}`, async () => {
    const { heads, elements } = problemOf(shape, 'noise');
    const dz = uniforms(2, count);
    const bound = { dz, heads, ...state(shape.rows), dheads: heads.length };
    const results = await runKernel(reparameterizeGradient, { ...shape, stream: 'noise' }, bound);
    const parts = elements.map((element, at) => throughSample(element, dz[at] ?? 0));
    const limit = headsOf(
      shape,
      parts.map((part) => part.limit),
    );
    close(
      results.f32('dheads'),
      headsOf(
        shape,
        parts.map((part) => part.want),
      ),
      (i) => limit[i] ?? 0,
      headAt,
    );
  });

  test(`kl_normal_gradient ${size}`, async () => {
    const { heads, elements } = problemOf(shape, 'noise');
    const weight = uniforms(3, shape.rows);
    const results = await runKernel(klNormalGradient, shape, { weight, heads, dheads: heads.length });
    const parts = elements.map((element) => throughKl(element, weight[element.row] ?? 0, shape.freeBits));
    const limit = headsOf(
      shape,
      parts.map((part) => part.limit),
    );
    close(
      results.f32('dheads'),
      headsOf(
        shape,
        parts.map((part) => part.want),
      ),
      (i) => limit[i] ?? 0,
      headAt,
    );
  });

  test(`latent_gradient ${size}, half of the batch live`, async () => {
    const { heads, elements } = problemOf(shape, 'noise');
    const live = Math.ceil(shape.rows / 2);
    // What arrives at rows past the end is zero already; the KL's part must be zero too.
    const dz = uniforms(2, count).map((value, at) => (at < live * shape.latent ? value : 0));
    // Two columns more, as of a conditional model's labels.
    const columns = shape.latent + 2;
    const values = Float32Array.from({ length: shape.rows * columns }, (_, at) =>
      at % columns < shape.latent ? (dz[Math.floor(at / columns) * shape.latent + (at % columns)] ?? 0) : 7,
    );
    const epilogue = latentGradientEpilogue({ ...shape, stream: 'noise' }, columns);
    const bound = { heads, ...state(live), dheads: heads.length };
    const results = await runEpilogue(epilogue, { rows: shape.rows, columns, values }, bound);
    const parts = elements.map((element, at) => {
      const z = throughSample(element, dz[at] ?? 0);
      const kl = throughKl(element, element.row < live ? (WEIGHTS.get('kl') ?? Number.NaN) : 0, shape.freeBits);
      const want = [z.want[0] + kl.want[0], z.want[1] + kl.want[1]] as const;
      const limits = [0, 1].map((i) => (z.limit[i] ?? 0) + (kl.limit[i] ?? 0) + ULP * Math.abs(want[i] ?? 0));
      return { want, limit: [limits[0] ?? 0, limits[1] ?? 0] as const };
    });
    const limit = headsOf(
      shape,
      parts.map((part) => part.limit),
    );
    close(
      results.f32('dheads'),
      headsOf(
        shape,
        parts.map((part) => part.want),
      ),
      (i) => limit[i] ?? 0,
      headAt,
    );
  });
}

usesDevice(test);
test.run();
