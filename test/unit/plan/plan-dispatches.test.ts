// How many dispatches a training step of every preset is, and how many of them must wait for one before: as Dawn tells it, by
// buffers, and as the data would have it. Fewer is better: then lower these numbers.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ae,
  betaVae,
  conditionalVae,
  convAe,
  convDenoising,
  convVae,
  denoising,
  iwae,
  linear,
  sparse,
  stacked,
  vae,
  vqVae,
} from '../../../src/model/presets.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import type { Binding, Dispatch } from '../../../src/plan/plan.js';
import { waits } from '../../../src/plan/waits.js';
import { type PlanVariant, trainingPlan } from '../../support/models/plans.js';

const BATCH = 128;

const count = (spec: ModelSpec, more: Partial<PlanVariant> = {}) => {
  const { dispatches } = trainingPlan(spec, BATCH, { fuse: true, ...more });
  const waiting = (grain: 'buffers' | 'data') => waits(dispatches, grain).filter((each) => each).length;
  return [dispatches.length, waiting('buffers'), waiting('data')];
};

const PRESETS: [string, ModelSpec, [dispatches: number, byBuffers: number, byData: number]][] = [
  ['vae', vae(), [18, 13, 13]],
  ['beta-vae', betaVae(), [18, 13, 13]],
  ['conditional-vae', conditionalVae(), [21, 15, 15]],
  ['iwae', iwae(), [24, 18, 18]],
  ['ae', ae(), [18, 13, 13]],
  ['linear', linear(), [6, 5, 5]],
  ['sparse, l1', sparse(), [23, 16, 16]],
  ['sparse, rho', sparse({ rho: 0.1 }), [25, 18, 18]],
  ['denoising', denoising(), [19, 14, 14]],
  ['conv-vae without batch norm', convVae({ norm: 'none' }), [24, 15, 15]],
  ['stacked', stacked(), [24, 17, 17]],
  ['conv-vae', convVae(), [42, 32, 32]],
  ['conv-ae', convAe(), [42, 32, 32]],
  ['conv-denoising', convDenoising(), [43, 33, 33]],
  ['vq-vae', vqVae(), [59, 44, 44]],
];
for (const [name, spec, want] of PRESETS)
  test(`${name}: dispatches, and those that wait`, () => assert.equal(count(spec), want));

test('gradients that are kept: a dispatch a layer more', () =>
  assert.equal(count(vae(), { keepGradients: true }), [24, 14, 14]));

test('f16: gradients are kept, checked for overflows, and the end is a dispatch', () =>
  assert.equal(count(vae(), { precision: 'f16' }), [27, 16, 16]));

// --- waits ---------------------------------------------------------------------------------------------------------------

const at = (resource: 'parameters' | 'input' | 'output', from: number, access: Binding['access']): Binding => ({
  name: resource,
  access,
  tensor: { name: resource, shape: [1], bytes: 4, place: { kind: 'resource', resource, offset: 4 * from } },
});
const [model] = trainingPlan(vae(), BATCH, { fuse: true }).dispatches;
const doing = (...bindings: Binding[]): Dispatch => ({ ...(model as Dispatch), bindings });

for (const [what, list, byBuffers, byData] of [
  [
    'two that read the same',
    [doing(at('input', 0, 'read')), doing(at('input', 0, 'read'))],
    [false, false],
    [false, false],
  ],
  [
    'two that write side by side',
    [doing(at('output', 0, 'write')), doing(at('output', 1, 'write'))],
    [true, true],
    [true, false],
  ],
  [
    'a reader of what was written, and another',
    [doing(at('output', 0, 'write')), doing(at('output', 0, 'read')), doing(at('output', 0, 'read'))],
    [true, true, false],
    [true, true, false],
  ],
  [
    'an update of what was read',
    [doing(at('parameters', 0, 'read')), doing(at('parameters', 0, 'read_write')), doing(at('input', 0, 'read'))],
    [true, true, false],
    [true, true, false],
  ],
] as [string, Dispatch[], boolean[], boolean[]][])
  test(`waits: ${what}`, () => {
    assert.equal(waits(list, 'buffers'), byBuffers);
    assert.equal(waits(list, 'data'), byData);
  });

test.run();
