// A hundred devices that are lost at seeded random steps.
import { test } from 'uvu';
import { loseDevices } from '../support/lost-runs.js';

test('100 losses: all recovered, bit for bit', () => loseDevices(100, 2));

test.run();
