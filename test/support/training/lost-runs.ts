// Test support: training whose device is lost at some steps, compared with training whose device is not; here and in a page.
import * as assert from 'uvu/assert';
import type * as latentgpu from '../../../src/index.js';
import { uniformAt } from '../../../src/random.js';

const EPOCHS = 20;
/**
 * A device is lost in the first 80 of 100 steps: an epoch's five steps may be told at once, and only one of them can lose the
 * device.
 */
const STEPS = 80;

/** A training whose device is lost several times. */
export interface LosingPlan {
  /** In order: as soon as the losses of this step are told, or of a later one if it was lost just before. */
  lossesAt: number[];
  saveEvery: number;
}

export interface LostOutcome {
  /** Steps whose losses were told, in order. */
  told: number[];
  reports: Omit<latentgpu.EpochReport, 'seconds' | 'stepsPerSecond'>[];
  warnings: string[];
  /** SHA-256 of each tensor of the model and of the optimizer, by name. */
  tensors: [string, string][];
}

/** Runs here and, as text, in a page: it may use nothing from outside. */
export async function trainLosing(
  lib: typeof latentgpu,
  device: latentgpu.Device,
  { lossesAt, saveEvery }: LosingPlan,
): Promise<LostOutcome> {
  const data = lib.digits({ train: 37, test: 16, seed: 3 });
  const model = await lib.createModel(device, lib.vae({ pixels: 784, hidden: [16], latent: 4 }), { seed: 1 });
  const options = { batch: 8, seed: 3, klWarmup: 20, schedule: { kind: 'cosine', steps: 100 } } as const;
  const recoveries = lossesAt.length;
  const trainer = await lib.createTrainer(model, data, { ...options, recoveries, saveEvery: { steps: saveEvery } });
  const told: number[] = [];
  const reports: LostOutcome['reports'] = [];
  const warnings: string[] = [];
  const ahead = [...lossesAt];
  let lost: GPUDevice | undefined;
  const onStep = (step: number) => {
    told.push(step);
    if (step < (ahead[0] ?? Number.POSITIVE_INFINITY) || lost === device.gpu) return;
    ahead.shift();
    lost = device.gpu;
    lost.destroy();
  };
  const onWarning = ({ kind }: { kind: string }) => warnings.push(kind);
  for await (const report of trainer.train({ epochs: 20, onStep, onWarning })) {
    const { seconds: _, stepsPerSecond: __, ...rest } = report;
    reports.push(rest);
  }
  const tensors: [string, string][] = [];
  const { gradients: ___, ...moments } = await trainer.optimizerState();
  for (const [part, named] of Object.entries({ parameter: await model.parameters(), ...moments }))
    for (const [name, { values }] of named) {
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Float32Array(values)));
      tensors.push([`${part} ${name}`, [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')]);
    }
  model.dispose();
  return { told, reports, warnings, tensors };
}

export const NEVER_LOST: LosingPlan = { lossesAt: [], saveEvery: 7 };

/** `losses` steps that the seed chooses, and how often the state is saved. */
export function losingPlan(losses: number, seed: number): LosingPlan {
  const draw = (stream: number, index: number, below: number) =>
    1 + Math.floor(uniformAt(seed, 98, stream, index) * below);
  const lossesAt = new Set<number>();
  for (let index = 0; lossesAt.size < losses; index++) lossesAt.add(draw(0, index, STEPS));
  return { lossesAt: [...lossesAt].sort((a, b) => a - b), saveEvery: draw(1, 0, 12) };
}

/** @param want of NEVER_LOST, on the same adapter */
export function assertRecovered(plan: LosingPlan, got: LostOutcome, want: LostOutcome): void {
  const where = `lost at steps ${plan.lossesAt.join(', ')}; saved every ${plan.saveEvery}`;
  assert.equal(want.warnings, []);
  assert.is(want.reports.length, EPOCHS);
  assert.equal(
    got.warnings,
    plan.lossesAt.map(() => 'recovery'),
    where,
  );
  assert.equal(got.told, want.told, `${where}: each step is told once`);
  assert.equal(got.reports, want.reports, where);
  assert.equal(got.tensors, want.tensors, where);
}
