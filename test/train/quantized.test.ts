import { test } from 'uvu';
import { CONVOLUTIONAL } from '../support/convolution-models.js';
import { usesDevice } from '../support/device.js';
import { FAMILY, FAMILY_DATA } from '../support/family.js';
import { Train64 } from '../support/train64.js';
import { closeLosses, closeTensors, firstGradients, modelOf, trainSteps, withTrainer } from '../support/training.js';

const OPTIONS = { batch: 10, lr: 2e-3, seed: 5 };
for (const spec of [CONVOLUTIONAL['vq-vae'], FAMILY['quantized, dense']] as any[])
  for (const fuse of [true, false])
    test(`${spec.inputs} ${fuse} ${spec.encoder.length}`, async () => {
      const parameters = await (await modelOf(spec)).parameters();
      const setup = { spec, dataset: FAMILY_DATA, options: { ...OPTIONS, fuse }, parameters };
      const gradients = await firstGradients(setup);
      await withTrainer(setup, async (trainer, model) => {
        const oracle = new Train64(spec, parameters, { ...OPTIONS, images: FAMILY_DATA.train });
        const [report] = await trainSteps(trainer, 1);
        const want = oracle.train();
        console.log(report?.train, want.losses);
        closeTensors(gradients, new Map([...want.gradients].map(([n, values]) => [n, { values }])), 5e-6, 'g');
        closeLosses(report?.train, want.losses, 3e-5, 'step 1');
        await trainSteps(trainer, 5);
        while (oracle.step < 6) oracle.train();
        closeTensors(
          await model.parameters(),
          new Map([...oracle.parameters].map(([n, values]) => [n, { values }])),
          2e-6,
          'after',
        );
        closeLosses(await trainer.evaluate(), oracle.evaluate(FAMILY_DATA.test), 3e-5, 'eval');
        console.log(await trainer.evaluate());
      });
    });
usesDevice(test);
test.run();
