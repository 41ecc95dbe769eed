// Test support: training whose device is lost at some steps, compared with training whose device is not.
import * as assert from 'uvu/assert';
import { openDevice } from '../../src/node/adapters.js';
import { uniformAt } from '../../src/random.js';
import { createModel } from '../../src/train/model.js';
import type { EpochReport } from '../../src/train/reports.js';
import { createTrainer } from '../../src/train/trainer.js';
import { FAMILY, FAMILY_DATA } from './family.js';
import { sameBits } from './training.js';

/** 5 steps an epoch. */
const EPOCHS = 8;
const STEPS = 5 * EPOCHS;
const OPTIONS = { batch: 8, seed: 3, klWarmup: 20, schedule: { kind: 'cosine', steps: STEPS } } as const;

const adapter = process.env.LATENTGPU_ADAPTER || 'swiftshader';

/** What a run comes to whose device is lost once in each of `rounds` trainings, at a step that the seed chooses. */
async function outcome(lossAt: number | undefined, saveEvery: number) {
  const spec = FAMILY.vae;
  if (!spec) throw new Error('no vae in the family');
  const device = await openDevice({ adapter });
  try {
    const model = await createModel(device, spec, { seed: 1 });
    const trainer = await createTrainer(model, FAMILY_DATA, { ...OPTIONS, saveEvery: { steps: saveEvery } });
    const told: number[] = [];
    const reports: Omit<EpochReport, 'seconds' | 'stepsPerSecond'>[] = [];
    const warnings: string[] = [];
    const onStep = (step: number) => {
      told.push(step);
      if (step === lossAt) device.gpu.destroy();
    };
    const onWarning = ({ kind }: { kind: string }) => warnings.push(kind);
    for await (const { seconds: _, stepsPerSecond: __, ...report } of trainer.train({
      epochs: EPOCHS,
      onStep,
      onWarning,
    }))
      reports.push(report);
    return { told, reports, warnings, parameters: await model.parameters(), state: await trainer.optimizerState() };
  } finally {
    device.dispose();
  }
}

/** Loses the device `count` times, each time in a training of its own; all must come to the same bits. */
export async function loseDevices(count: number, seed: number): Promise<void> {
  const want = await outcome(undefined, 7);
  assert.equal(want.warnings, []);
  assert.is(want.reports.length, EPOCHS);
  for (let round = 0; round < count; round++) {
    const lossAt = 1 + Math.floor(uniformAt(seed, 98, 0, round) * (STEPS - 1));
    const saveEvery = 1 + Math.floor(uniformAt(seed, 98, 1, round) * 12);
    const got = await outcome(lossAt, saveEvery);
    const where = `lost at step ${lossAt}, saved every ${saveEvery} steps`;
    assert.equal(got.warnings, ['recovery'], where);
    assert.equal(got.told, want.told, `${where}: each step is told once`);
    assert.equal(got.reports, want.reports, where);
    assert.ok(sameBits(got.parameters, want.parameters), where);
    for (const moment of ['moment1', 'moment2'] as const)
      assert.ok(sameBits(got.state[moment] ?? new Map(), want.state[moment] ?? new Map()), `${where}: ${moment}`);
  }
}
