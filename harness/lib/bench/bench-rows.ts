// Many rows through a trained model: what each of its questions takes beside the trainer's evaluation of the same rows, which
// is the forward half of as many steps with the losses.
import {
  createModel,
  createTrainer,
  type Dataset,
  type Device,
  digits,
  firstImages,
  type Images,
  type Model,
  type Trainer,
  vae,
} from 'latentgpu/node';
import { type Contestant, contest } from './contest.js';
import type { RowReport } from './report.js';
import { layersOf, SEED } from './sizes.js';
import { BenchError } from './steps.js';

/** Images drawn; more rows are these again, since what is timed does not depend on what they show. */
const DRAWN = 1024;

export interface RowListener {
  turn(name: string, turn: number, turns: number): void;
}

/** `count` images, the drawn ones over and over. */
export function repeatedImages({ height, width, pixels, count: drawn }: Images, count: number): Images {
  const size = height * width;
  const all = new Uint8Array(count * size);
  for (let row = 0; row < count; row += drawn)
    all.set(pixels.subarray(0, Math.min(drawn, count - row) * size), row * size);
  return { count, height, width, pixels: all };
}

/**
 * @param rows   how many go through the model
 * @param rounds turns of each question
 * @throws BenchError if the questions do not agree with the evaluation; DeviceError
 */
export async function benchRows(
  device: Device,
  { rows, rounds }: { rows: number; rounds: number },
  listener: RowListener,
): Promise<RowReport> {
  const drawn: Dataset = digits({ train: DRAWN, test: 1 });
  const test = repeatedImages(drawn.train, rows);
  const model = await createModel(device, vae(layersOf(SEED.width)), { seed: 0 });
  try {
    const train = firstImages(drawn.train, SEED.batch);
    const trainer = await createTrainer(model, { ...drawn, train, test }, { batch: SEED.batch });
    const contestants = questions(model, trainer, test);
    await checkAgreement(model, trainer, test);
    const results = await contest(contestants, rounds, listener.turn);
    return { rows, rounds, results, peakBytes: process.resourceUsage().maxRSS * 1024, rowBytes: test.pixels.length };
  } finally {
    model.dispose();
  }
}

/** The first is what the others are compared with. */
function questions(model: Model, trainer: Trainer, test: Images): Contestant[] {
  const timed = (name: string, ask: () => Promise<unknown>): Contestant => ({
    name,
    async time() {
      const start = performance.now();
      await ask();
      return performance.now() - start;
    },
  });
  return [
    timed('evaluate', () => trainer.evaluate()),
    timed('encode', () => model.encode(test.pixels)),
    timed('reconstruct', () => model.reconstruct(test.pixels)),
    timed('scores', () => model.scores(test.pixels)),
  ];
}

/** Of a code's mean and of a draw the KL term is the same: what scores say of it is what the evaluation says. */
async function checkAgreement(model: Model, trainer: Trainer, test: Images): Promise<void> {
  const { kl: evaluated = Number.NaN } = await trainer.evaluate();
  const scores = await model.scores(test.pixels, { terms: true });
  const { kl = new Float32Array() } = scores;
  const scored = kl.reduce((sum, value) => sum + value, 0) / kl.length;
  // Sums of 1e5 f32 numbers in two orders: n ulp at most, and far fewer.
  if (!(Math.abs(scored - evaluated) <= 1e-4 * Math.abs(evaluated)))
    throw new BenchError(`scores tell a KL of ${scored} nats an image, the evaluation ${evaluated}: must be the same`);
}
