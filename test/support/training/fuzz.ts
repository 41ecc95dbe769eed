// Test support: trainings with whatever people turn, at its extremes; each ends with weights that are finite, or is stopped
// and says so.
import * as assert from 'uvu/assert';
import type { Dataset, Images } from '../../../src/data/dataset.js';
import { TrainingError } from '../../../src/errors.js';
import { OPTIMIZERS } from '../../../src/model/optimizer.js';
import { ae, vae } from '../../../src/model/presets.js';
import { ACTIVATIONS, type ModelSpec } from '../../../src/model/spec.js';
import { uniformAt } from '../../../src/random.js';
import { createModel } from '../../../src/train/model.js';
import type { TrainerOptions } from '../../../src/train/options.js';
import { createTrainer, type Trainer } from '../../../src/train/trainer.js';
import { device } from '../device.js';

const SIDE = 6;
const STEPS = 50;

interface Case {
  title: string;
  spec: ModelSpec;
  data: Dataset;
  options: TrainerOptions;
}

/** Cases in a row that have one architecture: what takes long is compiling its kernels. */
export const CASES_A_MODEL = 10;

/** Numbers from 0 to 1, each a function of the seed, `index` and how many came before. */
function draws(seed: number, index: number) {
  let drawn = 0;
  const draw = () => uniformAt(seed, 97, index, drawn++);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(draw() * choices.length)] as T;
  const logUniform = (low: number, high: number) => low * (high / low) ** draw();
  return { draw, pick, logUniform };
}

/** What kernels are compiled for. */
function architectureOf(index: number): { title: string; spec: ModelSpec; batch: number } {
  const { pick, logUniform } = draws(11, index);
  const kind = pick(['vae', 'ae']);
  const loss = pick(['bce', 'mse'] as const);
  const activation = pick(ACTIVATIONS);
  const width = pick([1, 5, 32, 128, 512]);
  const depth = Math.round(logUniform(1, width > 100 ? 4 : 20));
  const hidden = new Array<number>(depth).fill(width);
  const shape = { pixels: SIDE * SIDE, hidden, latent: pick([1, 2, 16]), activation, loss };
  const title = `${kind} ${hidden.join('-')} ${activation} ${loss}`;
  return { title, spec: kind === 'vae' ? vae(shape) : ae(shape), batch: pick([1, 8, 64]) };
}

/** Case number `index`: every draw is a function of it alone. */
function caseOf(index: number): Case {
  const { title, spec, batch } = architectureOf(Math.floor(index / CASES_A_MODEL));
  const { draw, pick, logUniform } = draws(12, index);
  const input = pick(['noise', 'black', 'white', 'constant'] as const);
  const value = {
    noise: (i: number) => uniformAt(13, 97, index, i) * 256,
    black: () => 0,
    white: () => 255,
    constant: () => 77,
  };
  const pixels = Uint8Array.from({ length: 64 * SIDE * SIDE }, (_, i) => value[input](i));
  const images: Images = { count: 64, height: SIDE, width: SIDE, pixels };
  const options: TrainerOptions = {
    batch,
    lr: logUniform(1e-6, 1),
    optimizer: pick(OPTIMIZERS),
    reduction: pick(['mean', 'sum']),
    ...(draw() < 0.3 && { clipNorm: logUniform(1e-3, 1e3) }),
    recoveries: 0,
  };
  const data = { name: input, train: images, test: images };
  return { title: `${index}: ${title}, ${input}, ${JSON.stringify(options)}`, spec, data, options };
}

/** @returns how it ended */
async function fuzzOne({ title, spec, data, options }: Case): Promise<'finite' | 'stopped'> {
  const model = await createModel(device, spec, { seed: 1 });
  try {
    const trainer = await createTrainer(model, data, options);
    const stopped = await trainingError(trainer, title);
    if (stopped) {
      assert.match(stopped.message, /training has diverged\. Use a smaller learning rate$/, title);
      return 'stopped';
    }
    for (const [name, { values }] of await model.parameters())
      assert.ok(values.every(Number.isFinite), `${title}: ${name} is not finite, and nobody said so`);
    return 'finite';
  } finally {
    model.dispose();
  }
}

async function trainingError(trainer: Trainer, title: string): Promise<TrainingError | undefined> {
  try {
    for await (const { train, test } of trainer.train({ epochs: STEPS, steps: STEPS }))
      for (const value of [...Object.values(train), ...Object.values(test)])
        assert.ok(Number.isFinite(value), `${title}: a loss of ${value} is reported`);
    return undefined;
  } catch (error) {
    if (error instanceof TrainingError) return error;
    throw error;
  }
}

/** @returns how many ended in which way */
export async function fuzz(cases: readonly number[]): Promise<{ finite: number; stopped: number }> {
  const ends = { finite: 0, stopped: 0 };
  for (const index of cases) ends[await fuzzOne(caseOf(index))]++;
  return ends;
}
