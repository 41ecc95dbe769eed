// How training goes wrong in its numbers, and how that is seen: a loss or a weight that is not finite, and a loss that
// explodes without being infinite. What to do about it is the caller's business.
import { TrainingError } from '../../errors.js';
import type { Memory } from '../../gpu/memory.js';
import { Program } from '../../gpu/program.js';
import { readBuffer } from '../../gpu/transfer.js';
import { F32_BYTES } from '../../kernels/kernel.js';
import { COUNT_STRIDE, weightCheckPlan } from '../../plan/check.js';
import type { Layout } from '../../plan/layout.js';
import type { Model } from '../model.js';
import { LEAST_LOSS_SCALE } from './step-state.js';

const REMEDY = 'training has diverged. Use a smaller learning rate';

/** @param step from 1 */
export const badTrainingLoss = (step: number, told: string) =>
  new TrainingError(`the loss of step ${step} is not a finite number (${told}): ${REMEDY}`, step);

/**
 * Gradients overflow f16 however small the loss is made: not they, but what they are products of is too large.
 * @param step from 1
 */
export const badLossScale = (step: number, told: string) =>
  new TrainingError(
    `the gradients of step ${step} overflow f16 although the loss is finite (${told}) and scaled by ${LEAST_LOSS_SCALE} (2^-24), ` +
      'the least: activations have grown beyond 65504, the largest number of f16, and no step changes anything any more. ' +
      "Use --precision f32 (precision: 'f32'), or a lower learning rate from an earlier state on",
    step,
  );

/** @param name `test` or `validation` */
export const badEvaluation = (name: string, step: number, told: string) =>
  new TrainingError(`the ${name} loss after step ${step} is not a finite number (${told}): ${REMEDY}`, step);

/**
 * @param flat the parameters, as `layout` says
 * @returns undefined if all are finite
 */
export function badWeights({ ranges }: Layout, flat: Float32Array, step: number): TrainingError | undefined {
  for (const { name, offset, bytes } of ranges) {
    const values = flat.subarray(offset / F32_BYTES, (offset + bytes) / F32_BYTES);
    if (values.every(Number.isFinite)) continue;
    const bad = values.reduce((count, value) => count + Number(!Number.isFinite(value)), 0);
    return new TrainingError(
      `${bad} of the ${values.length} weights of "${name}" are not finite numbers after step ${step}: ${REMEDY}`,
      step,
    );
  }
  return undefined;
}

/** Looks at a model's weights on the GPU: activations may turn NaN into 0, so that the loss alone does not tell. */
export class WeightCheck {
  private constructor(
    private readonly model: Model,
    private readonly memory: Memory,
    private readonly program: Program,
    private readonly count: GPUBuffer,
  ) {}

  /** @param memory its own goes with it */
  static async create(model: Model, memory: Memory): Promise<WeightCheck> {
    const { parameterBuffer: parameters, layout } = model;
    const bytes = layout.segments.length * COUNT_STRIDE * F32_BYTES;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    const output = memory.create({ label: 'weight check', bytes, usage, remedy: '' });
    await memory.settled();
    const program = await Program.create(
      { ...model.machine, memory },
      weightCheckPlan(layout),
      { parameters, output },
      '',
    );
    return new WeightCheck(model, memory, program, output);
  }

  /** @throws TrainingError naming the first tensor with weights that are not finite */
  async run(step: number): Promise<void> {
    const { device, parameterBuffer, layout } = this.model;
    this.memory.watch('weight check', () => {
      const encoder = device.gpu.createCommandEncoder({ label: 'weight check' });
      const pass = encoder.beginComputePass({ label: 'weight check' });
      this.program.encode(pass);
      pass.end();
      device.gpu.queue.submit([encoder.finish()]);
    });
    const counts = new Float32Array(await readBuffer(device, this.memory, this.count, this.count.size));
    const bad = layout.segments.reduce((sum, _, layer) => sum + (counts[layer * COUNT_STRIDE] ?? 0), 0);
    await this.memory.settled();
    if (bad === 0) return;
    const flat = new Float32Array(await parameterBuffer.read(device, this.memory));
    throw badWeights(layout, flat, step) ?? new TrainingError(`${bad} weights are not finite: ${REMEDY}`, step);
  }
}

/** Of an exponential mean over the losses: about the last twenty steps count. */
const MEAN_SHARE = 0.1;
/** Before so many steps there is no mean to compare with. */
const LEAST_STEPS = 20;
const EXPLODED = 10;
const LEAST_SHARE = 0.01;

/**
 * Tells once when the running mean of the loss has become ten times what it was at its best. A likelihood of numbers may be
 * below 0, where it has risen by nine times its size, and about 0 its size is nothing: a hundredth of the first mean counts.
 */
export class ExplosionWatch {
  private mean = 0;
  private steps = 0;
  private best = Number.POSITIVE_INFINITY;
  private least = 0;
  private told = false;

  /**
   * @param loss of the next step
   * @returns the running mean and its best, the first time that they are so far apart
   */
  add(loss: number): { mean: number; best: number } | undefined {
    this.steps++;
    this.mean += (loss - this.mean) * Math.max(MEAN_SHARE, 1 / this.steps);
    if (this.steps < LEAST_STEPS) return undefined;
    if (this.steps === LEAST_STEPS) this.least = LEAST_SHARE * Math.abs(this.mean);
    this.best = Math.min(this.best, this.mean);
    const size = Math.max(Math.abs(this.best), this.least);
    if (this.told || !(this.mean - this.best > (EXPLODED - 1) * size)) return undefined;
    this.told = true;
    return { mean: this.mean, best: this.best };
  }
}
