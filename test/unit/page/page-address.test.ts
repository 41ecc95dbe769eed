// The set-up of the page of harness/web in its address: there and back, and what an address cannot ask for.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  BOUNDS,
  DEFAULTS,
  MISSING,
  PRESETS,
  readHash,
  SCALES,
  type Setup,
  toHash,
} from '../../../harness/web/setup.js';

const whole = (name: 'images' | 'latent' | 'batch' | 'samples' | 'codes' | 'pretrain' | 'seed') =>
  fc.integer({ min: BOUNDS[name][0], max: BOUNDS[name][1] });
const real = (name: 'lr' | 'beta' | 'l1' | 'noise') =>
  fc.double({ min: BOUNDS[name][0], max: BOUNDS[name][1], noNaN: true }).map((value) => value + 0); // no -0
/** As fields take them: without spaces around, and, in lists, without commas. */
const text = fc.string().map((one) => one.trim());
const names = fc.array(
  fc
    .string()
    .map((one) => one.replaceAll(',', '').trim())
    .filter((one) => one !== ''),
);
const setups: fc.Arbitrary<Setup> = fc.record(
  {
    images: whole('images'),
    size: fc.constantFrom('', '32x32', '4x256'),
    label: text,
    drop: names,
    categorical: names,
    missing: fc.constantFrom(...MISSING),
    scale: fc.constantFrom(...SCALES),
    preset: fc.constantFrom(...PRESETS),
    hidden: fc.array(fc.integer({ min: 1, max: 2048 }), { maxLength: 6 }),
    channels: fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 4 }),
    latent: whole('latent'),
    lr: real('lr'),
    batch: whole('batch'),
    beta: real('beta'),
    samples: whole('samples'),
    codes: whole('codes'),
    l1: real('l1'),
    corruption: fc.constantFrom('gaussian', 'mask', 'saltpepper'),
    noise: real('noise'),
    pretrain: whole('pretrain'),
    seed: whole('seed'),
  },
  { noNullPrototype: true },
);

test('any set-up comes back from its address', () => {
  fc.assert(
    fc.property(setups, (setup) => {
      assert.equal(readHash(`#${toHash(setup)}`), { setup, faults: [] });
    }),
  );
});

test('the set-up by default has an empty address', () => {
  assert.is(toHash(DEFAULTS), '');
  assert.equal(readHash(''), { setup: DEFAULTS, faults: [] });
});

test('what an address cannot ask for is told, and the rest is taken', () => {
  const asked =
    '#latent=0&preset=gan&hidden=64,x&lr=&seed=1.5&size=3x9&missing=maybe&corruption=rain&colour=red&constructor=1&batch=32&hidden=16&channels=';
  const { setup, faults } = readHash(asked);
  assert.equal(setup, { ...DEFAULTS, batch: 32, hidden: [16] });
  const not = (what: string) => `Not taken from the address: ${what}.`;
  assert.equal(faults, [
    not('latent=0 (Latent size must be from 1 to 256)'),
    not('preset=gan (no such preset)'),
    not('hidden=64,x (Hidden layers must be whole numbers from 1 to 2048, for example 128, 64)'),
    not('lr= (Learning rate must be from 0.000001 to 1)'),
    not('seed=1.5 (Seed must be a whole number)'),
    not('size=3x9 (Picture size must be a height and a width from 4 to 256, for example 32x32)'),
    not('missing=maybe (no such missing)'),
    not('corruption=rain (no such corruption)'),
    not('colour=red (no such field)'),
    not('constructor=1 (no such field)'),
    not('channels= (Channels: from 1 to 4 numbers)'),
  ]);
});

test.run();
