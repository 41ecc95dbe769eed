// The whole family in f16, fused and unfused, beside f32.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { device, usesDevice } from '../support/device.js';
import { FAMILY } from '../support/models/family.js';
import { checkHalfGradients } from '../support/models/half-parity.js';

for (const [name, spec] of Object.entries(FAMILY))
  test(`${name}: gradients are those of f32 but for their roundings`, async () => {
    if (device.features.has('shader-f16')) return checkHalfGradients(spec);
    // Without f16 there is nothing to compare; that it is refused is all there is to see.
    const refused = await checkHalfGradients(spec).then(
      () => 'nothing',
      (error) => String(error),
    );
    assert.match(refused, /needs a device with the feature "shader-f16"/);
  });

usesDevice(test);
test.run();
