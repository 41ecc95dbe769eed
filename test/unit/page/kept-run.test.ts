// A run of the page that is kept beside the next one: its columns, and when the two cannot be compared.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type KeptRun, keptColumns, whyApart } from '../../../harness/web/kept-run.js';

const at = (step: number, loss: number) => ({ step, losses: { loss } });
const KEPT: KeptRun = {
  name: 'VAE',
  dataName: 'digits',
  loss: 'nats an image: BCE + KL',
  trained: [at(2, 50), at(4, 40), at(6, 30)],
  tested: [at(3, 45), at(6, 33), at(9, 31)],
};

test('a test loss stands at the first report at or after its step; one that no report follows is left out', () => {
  assert.equal(keptColumns(KEPT), [
    [2, 4, 6],
    [50, 40, 30],
    [null, 45, 33],
  ]);
});

test('runs of other data or of another loss are not compared, and it is said why', () => {
  assert.is(whyApart(KEPT, KEPT), undefined);
  assert.is(whyApart(KEPT, { ...KEPT, dataName: 'mine' }), 'its data are others (digits)');
  assert.is(whyApart(KEPT, { ...KEPT, loss: 'nats an image: BCE' }), 'its loss is another (nats an image: BCE + KL)');
});

test.run();
