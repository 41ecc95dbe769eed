// A training in f16 beside the same in f32, and beside the unfused one in f16.
import * as assert from 'uvu/assert';
import { trainingGraph } from '../../../src/graph/build.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import type { TrainerOptions } from '../../../src/train/options.js';
import type { Trainer } from '../../../src/train/trainer.js';
import {
  closeTensors,
  firstGradients,
  modelOf,
  relativeL2,
  type Setup,
  type Tensors,
  withTrainer,
} from '../training/training.js';
import { FAMILY_DATA } from './family.js';

/** Of the whole step: half of what two neighbouring f16 numbers are apart, to nearest or not. */
const HALF_ULP = 2 ** -10;
const BATCH = 8;

/** What a plan of f16 reads as f16, by kernel and binding. */
const halfReads = ({ plan }: Trainer): Set<string> =>
  new Set(
    plan.dispatches.flatMap(({ bindings }) =>
      bindings
        .filter(({ tensor, access }) => tensor.type === 'f16' && access === 'read')
        .map(({ tensor }) => tensor.name),
    ),
  );

/** Matmuls of a step with a gradient for all parameters but the input: one forward and two back for each, and none for the first. */
const matmulsOf = (spec: ModelSpec): number => trainingGraph(spec, BATCH).graph.all('matmul').length;

/**
 * The gradients of step 1 are those of f32 but for the roundings on the way: a gradient goes through at most one rounding a
 * tensor that is stored as f16, each of HALF_ULP. That no element is left out of f16, gradients that equal f32's would tell.
 */
export async function checkHalfGradients(spec: ModelSpec): Promise<void> {
  const model = await modelOf(spec);
  const setup = (options: TrainerOptions): Setup => ({
    spec,
    dataset: FAMILY_DATA,
    options: { batch: BATCH, ...options },
    parameters,
  });
  const parameters = await model.parameters();
  const reads = await withTrainer(setup({ precision: 'f16' }), async (trainer) => halfReads(trainer));
  const want = await firstGradients(setup({}));
  const limit = reads.size * HALF_ULP;
  for (const fuse of [true, false]) {
    const got = await firstGradients(setup({ precision: 'f16', fuse }));
    closeTensors(got, want, limit, `f16, ${fuse ? 'fused' : 'unfused'}`);
    assert.ok(differ(got, want), 'some numbers were rounded');
  }
  assert.ok(reads.size >= matmulsOf(spec) / 2, `f16: ${[...reads]}`);
}

const differ = (got: Tensors, want: Tensors): boolean =>
  [...want].some(([name, { values }]) => relativeL2(got.get(name)?.values ?? [], values) > 2 ** -20);
