// A plan that is run step after step over a resident dataset, training or evaluating: its buffers, and how many steps go
// to the GPU at once. It never waits for a step and never reads anything but metrics.
import { DeviceError } from '../../errors.js';
import { type Machine, Program, type Resources } from '../../gpu/program.js';
import { type Segment, SplitBuffer } from '../../gpu/split-buffer.js';
import { readBuffer } from '../../gpu/transfer.js';
import { F32_BYTES } from '../../kernels/kernel.js';
import { type Plan, updates, uses } from '../../plan/plan.js';
import { COUNTERS_BYTES, type ImagePart, metricsColumns, PROGRESS_BYTES, SETTINGS_BYTES } from '../../plan/tensors.js';
import { WeightCopies } from '../weights/weight-copies.js';
import { METRICS_CAPACITY, MetricsReader, type PendingMetrics, stepsBeforeWrap } from './metrics.js';
import { type Resident, residentSizes } from './resident.js';
import {
  countersBytes,
  firstScaling,
  type LossScaling,
  rowsOfStep,
  type StepSettings,
  scalingOf,
  settingsBytes,
} from './step-state.js';

/** Steps that are ready to be submitted. */
export interface EncodedSteps {
  commands: GPUCommandBuffer;
  steps: number;
  /** Starts reading the metrics, once the commands are submitted. */
  read: () => PendingMetrics;
}

const segmentOf = ({ first, count, offset, bytes }: ImagePart): Segment => ({
  name: first === 0 ? `${count} examples` : `${count} examples from number ${first} on`,
  offset,
  bytes,
});

/** Of struct Progress. */
const LOSS_SCALE_AT = 20;

export class Stepper {
  /** Steps submitted so far. */
  step = 0;

  private constructor(
    /** Its memory is the stepper's own. */
    private readonly machine: Machine,
    /** The plan bound to its memory; `submit` runs it, the profiler looks into it. */
    readonly program: Program,
    private readonly owned: Record<'settings' | 'counters' | 'progress' | 'losses', GPUBuffer> & {
      images: SplitBuffer;
      labels?: GPUBuffer;
    },
    private readonly reader: MetricsReader,
    private settings: StepSettings,
    private readonly weights: Weights,
  ) {}

  /**
   * Uploads the examples once and compiles the plan.
   * @param shared resources that the plan uses and that somebody else owns (parameters, ...)
   * @param remedy what the user can do if memory does not suffice
   */
  static async create(
    machine: Machine,
    plan: Plan,
    examples: Resident,
    settings: StepSettings,
    shared: Resources,
    remedy: string,
  ): Promise<Stepper> {
    const { device } = machine;
    const memory = machine.memory.part();
    const own = { ...machine, memory };
    const { STORAGE, UNIFORM, COPY_DST, COPY_SRC } = GPUBufferUsage;
    const make = (label: string, bytes: number, usage: number) =>
      memory.create({ label: `${plan.name} ${label}`, bytes, usage, remedy });
    try {
      const forData = { usage: STORAGE | COPY_DST, remedy: 'Use fewer examples.' };
      const data = (label: string, bytes: number) => memory.create({ label, bytes, ...forData });
      const { imageParts, labelBytes } = residentSizes(examples, device.limits);
      const terms = plan.losses.length;
      const owned = {
        images: SplitBuffer.create(memory, imageParts.map(segmentOf), { ...forData, label: plan.name }),
        ...(uses(plan, 'labels') && { labels: data(`${plan.name}: ${examples.count} labels`, labelBytes) }),
        settings: make('settings', SETTINGS_BYTES, UNIFORM | COPY_DST),
        counters: make('counters', COUNTERS_BYTES, STORAGE | COPY_DST | COPY_SRC),
        progress: make('progress', PROGRESS_BYTES, STORAGE | UNIFORM | COPY_SRC),
        losses: make('losses', plan.lossBytes, STORAGE | COPY_SRC),
        metrics: make('metrics', METRICS_CAPACITY * metricsColumns(terms) * F32_BYTES, STORAGE | COPY_SRC),
      };
      const reader = new MetricsReader(device, memory, owned.metrics, plan.losses);
      await memory.settled();
      imageParts.forEach(({ first, count }, index) => {
        const { bytes, stride } = examples;
        const buffer = owned.images.buffers[index];
        if (buffer) upload(device.gpu.queue, buffer, bytes.subarray(first * stride, (first + count) * stride));
      });
      if (examples.labels && owned.labels) upload(device.gpu.queue, owned.labels, examples.labels);
      const weights = await weightsOf(own, plan, shared, remedy);
      const halves = weights.copies && { halves: weights.copies.buffer };
      const program = await Program.create(own, plan, { ...shared, ...owned, ...halves }, remedy);
      const stepper = new Stepper(own, program, owned, reader, settings, weights);
      stepper.configure(settings);
      stepper.rewind(0);
      return stepper;
    } catch (error) {
      memory.dispose();
      throw error;
    }
  }

  get plan(): Plan {
    return this.program.plan;
  }

  /** Of the last step: [terms, rows], where the plan keeps them. */
  get losses(): GPUBuffer {
    return this.owned.losses;
  }

  /** Other examples in the place of the first ones, at most as many and of the same type, from the next submit on. */
  replace({ bytes, labels }: Resident): void {
    const { queue } = this.machine.device.gpu;
    const [buffer, ...others] = this.owned.images.buffers;
    if (!buffer || others.length > 0) throw new DeviceError('only examples in one buffer are replaced');
    upload(queue, buffer, bytes);
    if (labels && this.owned.labels) upload(queue, this.owned.labels, labels);
  }

  /** Steps that go once over the dataset. */
  get stepsPerPass(): number {
    return Math.ceil(this.settings.examples / this.settings.batch);
  }

  /** Images in step `step`. */
  rows = (step: number): number => rowsOfStep(step, this.settings);

  /** New settings from the next submit on. */
  configure(settings: StepSettings): void {
    this.settings = settings;
    this.machine.device.gpu.queue.writeBuffer(this.owned.settings, 0, settingsBytes(settings, this.plan.losses));
  }

  /** The next step is number `step`. After a submit that failed, nothing goes on without it. */
  rewind(step: number, scaling = firstScaling(this.settings)): void {
    this.step = step;
    this.reader.failure = undefined;
    this.weights.copies?.forget();
    this.machine.device.gpu.queue.writeBuffer(this.owned.counters, 0, countersBytes(step, this.settings, scaling));
  }

  /** What the last step's gradients were multiplied by. */
  async gradientScale(): Promise<number> {
    if (this.settings.precision === 'f32') return 1;
    const { device, memory } = this.machine;
    const [scale] = new Float32Array(await readBuffer(device, memory, this.owned.progress, F32_BYTES, LOSS_SCALE_AT));
    return scale || 1; // before the first step there is none
  }

  /** After the steps submitted so far; later ones go on meanwhile. */
  async scaling(): Promise<LossScaling> {
    if (this.settings.precision === 'f32') return firstScaling(this.settings);
    const { device, memory } = this.machine;
    return scalingOf(await readBuffer(device, memory, this.owned.counters, COUNTERS_BYTES));
  }

  /** Encodes and submits at most `count` steps together; how many it was is in the result. */
  submit(count: number): PendingMetrics {
    const { device, memory } = this.machine;
    const { read } = memory.watch(`${this.plan.name} ${this.step + 1}`, () => {
      const encoded = this.encode(count, (encoder, steps) => {
        const pass = encoder.beginComputePass({ label: this.plan.name });
        for (let i = 0; i < steps; i++) this.program.encode(pass);
        pass.end();
      });
      device.gpu.queue.submit([encoded.commands]);
      return encoded;
    });
    return read();
  }

  /** Encodes at most `count` steps in `encodeSteps`'s way. The caller submits them, then calls `read`. */
  encode(count: number, encodeSteps: (encoder: GPUCommandEncoder, steps: number) => void): EncodedSteps {
    if (this.reader.failure) throw new DeviceError(missingText(this.plan.name), { cause: this.reader.failure });
    const steps = Math.min(count, stepsBeforeWrap(this.step));
    const encoder = this.machine.device.gpu.createCommandEncoder({ label: this.plan.name });
    const { trained, copies } = this.weights;
    copies?.refresh(encoder);
    encodeSteps(encoder, steps);
    const { read } = this.reader.copy(encoder, this.step, steps);
    const commands = encoder.finish();
    this.step += steps;
    if (trained) trained.version++;
    copies?.hold();
    return { commands, steps, read };
  }

  /** Waits until the device has said of everything submitted so far whether it is good. */
  settled(): Promise<void> {
    return this.machine.memory.settled();
  }

  dispose(): void {
    this.machine.memory.dispose();
  }
}

/** The parameters, if steps change them, and the copies that they read instead. */
interface Weights {
  trained?: SplitBuffer;
  copies?: WeightCopies;
}

async function weightsOf(machine: Machine, plan: Plan, { parameters }: Resources, remedy: string): Promise<Weights> {
  if (!(parameters instanceof SplitBuffer) || !updates(plan, 'parameters')) return {};
  const { refresh } = plan;
  return {
    trained: parameters,
    ...(refresh && { copies: await WeightCopies.create(machine, refresh, parameters, remedy) }),
  };
}

const missingText = (name: string) =>
  `an earlier ${name} failed, and steps are missing since then: make a new trainer, or restore this one`;

/** Dawn keeps a ring of 4 MiB for what is written, and makes memory of its own for anything that does not fit. */
const MOST_AT_ONCE = 2 ** 20;

/** writeBuffer takes whole words; the last few bytes go in a word of their own. */
function upload(queue: GPUQueue, buffer: GPUBuffer, values: Uint8Array): void {
  const whole = values.length - (values.length % 4);
  const bytes = new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.length);
  for (let at = 0; at < whole; at += MOST_AT_ONCE)
    queue.writeBuffer(buffer, at, bytes, at, Math.min(MOST_AT_ONCE, whole - at));
  if (whole === values.length) return;
  const last = new Uint8Array(4);
  last.set(bytes.subarray(whole));
  queue.writeBuffer(buffer, whole, last);
}
