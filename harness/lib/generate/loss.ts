// The loss of a trained model on the test images, each term by its name: what train.js tells after an epoch.
import { countOf, createTrainer } from 'latentgpu/node';
import { lossTerms, lossText } from '../report/losses.js';
import { grouped, type Output } from './material.js';

/** Of an evaluation in train.js, too. */
const BATCH = 128;

export const loss: Output = {
  name: 'loss',
  images: true,
  pictures: false,
  refusal: () => undefined,
  async make({ model, test, size, options, results, say }) {
    const count = countOf(test);
    const batch = Math.min(BATCH, count);
    const trainer = await createTrainer(model, { name: 'test', train: test, test }, { batch, seed: options.seed });
    try {
      const losses = await trainer.evaluate();
      say(`loss of ${grouped(count)} test ${size ? 'images' : 'rows'}: ${lossText(losses, lossTerms(model.spec))}`);
      const report = { images: count, ...losses };
      results.write(
        'loss.json',
        `${JSON.stringify(report, null, 2)}\n`,
        `each term, mean over the test ${size ? 'images' : 'rows'}`,
      );
    } finally {
      trainer.dispose();
    }
  },
};
