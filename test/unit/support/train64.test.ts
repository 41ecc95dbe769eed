// The host's f64 training (test/support/oracle/train64.ts), which other tests hold the GPU's to, is itself PyTorch's in every case
// of test/train/family.py. Both are f64: what is left is that the reference file has its tensors rounded to f32, 2^-25 of a
// number, and its pixels, which Train64 does not round. RMSprop turns the latter into 5e-7 of a parameter whose gradient is
// small; everything else is below 1e-7, and the penalty of a code that is almost 0 within 4e-7.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkExamples } from '../../../src/data/examples.js';
import { validateSpec } from '../../../src/model/check-spec.js';
import { activationOf } from '../../../src/model/layers.js';
import { SCHEDULES } from '../../../src/model/learning-rate.js';
import { OPTIMIZERS } from '../../../src/model/optimizer.js';
import { scaled } from '../../../src/model/scaling.js';
import {
  ACTIVATIONS,
  CORRUPTIONS,
  lossWeights,
  type ModelSpec,
  RANGES,
  RECONSTRUCTIONS,
} from '../../../src/model/spec.js';
import { CONVOLUTION_CASES, FAMILY_CASES, IMPORTANCE_CASES } from '../../support/models/family-reference.js';
import { closeLosses, closeTensors, namedTensors } from '../../support/models/tensors.js';
import { Train64 } from '../../support/oracle/train64.js';
import type { Setup } from '../../support/training/training.js';

const LIMIT = 1e-6;
/** What a sample counts is exp of a sum over all pixels, and passes their rounding on (measured: 1.2e-6). */
const IMPORTANCE_LIMIT = 3e-6;

test('the cases have everything between them', () => {
  const specs = [...FAMILY_CASES, ...IMPORTANCE_CASES].map(({ setup }) => setup.spec);
  const options = FAMILY_CASES.map(({ setup }) => setup.options);
  const layers = ({ encoder, code, decoder }: ModelSpec) => [
    ...encoder,
    ...('activation' in code ? [code] : []),
    ...decoder,
  ];
  const all = (found: (string | undefined)[], wanted: readonly string[]) =>
    assert.equal([...new Set(found)].filter((each) => each !== undefined).sort(), [...wanted].sort());
  specs.forEach(validateSpec);
  all(
    specs.flatMap(layers).map((layer) => ('activation' in layer ? layer.activation : undefined)),
    ACTIVATIONS,
  );
  all(
    specs.map(({ decoder }) => decoder.map(activationOf).at(-1)),
    ['sigmoid', 'tanh', 'identity', 'exp'],
  );
  all(
    specs.map(({ loss }) => loss.reconstruction),
    RECONSTRUCTIONS,
  );
  all(
    specs.flatMap((spec) => [...lossWeights(spec).keys()]),
    ['bce', 'mse', 'gaussian', 'poisson', 'kl', 'importance', 'l1', 'sparsity'],
  );
  all(
    specs.flatMap(({ loss }) => Object.keys(loss)),
    ['reconstruction', 'variance', 'klWeight', 'freeBits', 'capacity', 'samples', 'l1', 'sparsity'],
  );
  all(
    specs.map(({ range = '0..1' }) => range),
    RANGES,
  );
  all(
    specs.map(({ corruption }) => corruption?.kind),
    CORRUPTIONS,
  );
  all(
    options.map(({ optimizer = 'adam' }) => (typeof optimizer === 'string' ? optimizer : optimizer.kind)),
    OPTIMIZERS,
  );
  all(
    options.map(({ schedule }) => schedule?.kind),
    SCHEDULES,
  );
  all(
    options.flatMap((each) => Object.keys(each)),
    ['batch', 'seed', 'lr', 'optimizer', 'schedule', 'clipNorm', 'klWarmup', 'reduction'],
  );
});

/** The training examples as the graph takes them. */
function seenBy({ scaling }: ModelSpec, { train }: Setup['dataset']) {
  const examples = checkExamples(train, 'train');
  if (!scaling || examples.values instanceof Uint8Array) return train;
  return { ...examples, values: scaled(examples.values, scaling) };
}

const CASES = [
  ...[...FAMILY_CASES, ...CONVOLUTION_CASES].map((each) => ({ ...each, limit: LIMIT })),
  ...IMPORTANCE_CASES.map((each) => ({ ...each, limit: IMPORTANCE_LIMIT })),
];

for (const { name, setup, gradients, final, losses, limit } of CASES)
  test(`${name}: gradient, losses and parameters are PyTorch's`, () => {
    const { spec, parameters, options, dataset } = setup;
    const oracle = new Train64(spec, parameters, { ...options, images: seenBy(spec, dataset) });
    losses.forEach((want, step) => {
      const got = oracle.train();
      closeLosses(got.losses, want, limit, `step ${step + 1}`);
      if (step === 0) closeTensors(namedTensors(got.gradients), gradients, limit, 'gradient of step 1');
    });
    closeTensors(namedTensors(oracle.parameters), final, limit, `after step ${losses.length}`);
  });

test.run();
