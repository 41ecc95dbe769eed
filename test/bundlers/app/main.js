// The app that every bundler builds: a session without a worker of its own, as the README has it.
import { convVae, digits, vae } from 'latentgpu';
import { startSession } from 'latentgpu/worker';

const status = document.querySelector('p');
const losses = [];
try {
  const session = await startSession({
    model: vae({ hidden: [16], latent: 2 }),
    dataset: digits({ train: 64, test: 16 }),
    training: { batch: 16 },
  });
  for await (const { epoch, test } of session.train({ epochs: 3 })) {
    losses.push(test.loss);
    status.textContent = `epoch ${epoch}: ${test.loss.toFixed(1)} nats an image`;
  }
  await session.draw(document.querySelector('canvas'), { samples: 4 });
  // Loaded when it is asked for, in the worker: a chunk of the worker's bundle.
  const { rows } = await session.profile({ steps: 1 });
  // So are layers that are not linear.
  await session.restart({ model: convVae({ channels: [2], latent: 2 }) });
  for await (const { train } of session.train({ steps: 1 }))
    if (!Number.isFinite(train.loss)) throw new Error(`the loss is ${train.loss}`);
  status.textContent = `done: ${rows.length} kernels`;
} catch (error) {
  status.textContent = `failed: ${error.message}`;
}
globalThis.losses = losses;
