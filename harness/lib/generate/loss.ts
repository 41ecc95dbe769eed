// The loss of a trained model on the test images, each term by its name: what train.js tells after an epoch.
import { createTrainer } from 'latentgpu/node';
import { lossTerms, lossText } from '../report/losses.js';
import { grouped, type Output } from './material.js';

/** Of an evaluation in train.js, too. */
const BATCH = 128;

export const loss: Output = {
  name: 'loss',
  images: true,
  refusal: () => undefined,
  async make({ model, test, options, results, say }) {
    const batch = Math.min(BATCH, test.count);
    const trainer = await createTrainer(model, { name: 'test', train: test, test }, { batch, seed: options.seed });
    try {
      const losses = await trainer.evaluate();
      say(`loss of ${grouped(test.count)} test images: ${lossText(losses, lossTerms(model.spec))}`);
      const report = { images: test.count, ...losses };
      results.write('loss.json', `${JSON.stringify(report, null, 2)}\n`, 'each term, mean over the images');
    } finally {
      trainer.dispose();
    }
  },
};
