// A plan that is run step after step over a resident dataset, training or evaluating: its buffers, and how many steps go
// to the GPU at once. It never waits for a step and never reads anything but metrics.
import type { Images } from '../data/dataset.js';
import { DeviceError } from '../errors.js';
import { type Machine, Program, type Resources } from '../gpu/program.js';
import { type Segment, SplitBuffer } from '../gpu/split-buffer.js';
import { readBuffer } from '../gpu/transfer.js';
import { F32_BYTES } from '../kernels/kernel.js';
import { type Plan, updates, uses } from '../plan/plan.js';
import { COUNTERS_BYTES, type ImagePart, metricsColumns, PROGRESS_BYTES, SETTINGS_BYTES } from '../plan/tensors.js';
import { METRICS_CAPACITY, MetricsReader, type PendingMetrics, stepsBeforeWrap } from './metrics.js';
import {
  countersBytes,
  firstScaling,
  type LossScaling,
  rowsOfStep,
  type StepSettings,
  scalingOf,
  settingsBytes,
} from './step-state.js';
import { WeightCopies } from './weight-copies.js';

/**
 * Bytes on the GPU, whole words, of the images and (where they have them) their labels; and the images in parts of which the
 * device binds each.
 */
export const datasetBytes = (images: Images, limits: BindingLimits) => ({
  imageBytes: wholeWords(images.pixels.length),
  imageParts: imageParts(images, limits),
  labelBytes: wholeWords(images.labels?.length ?? 0),
});

type BindingLimits = Pick<GPUSupportedLimits, 'maxBufferSize' | 'maxStorageBufferBindingSize'>;

function imageParts(
  { count, height, width }: Images,
  { maxBufferSize, maxStorageBufferBindingSize }: BindingLimits,
): ImagePart[] {
  const pixels = height * width;
  const fitting = Math.floor(Math.min(maxBufferSize, maxStorageBufferBindingSize) / pixels);
  // Of four images each part has whole words, whatever their size.
  const most = Math.max(4, fitting - (fitting % 4));
  return Array.from({ length: Math.ceil(count / most) }, (_, index) => {
    const first = index * most;
    const own = Math.min(most, count - first);
    return { first, count: own, offset: first * pixels, bytes: wholeWords(own * pixels) };
  });
}

const wholeWords = (bytes: number) => Math.ceil(bytes / 4) * 4;

/** Steps that are ready to be submitted. */
export interface EncodedSteps {
  commands: GPUCommandBuffer;
  steps: number;
  /** Starts reading the metrics, once the commands are submitted. */
  read: () => PendingMetrics;
}

const segmentOf = ({ first, count, offset, bytes }: ImagePart): Segment => ({
  name: first === 0 ? `${count} images` : `${count} images from image ${first} on`,
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
    private readonly owned: Record<'settings' | 'counters' | 'progress', GPUBuffer> & Resources,
    private readonly reader: MetricsReader,
    private settings: StepSettings,
    private readonly weights: Weights,
  ) {}

  /**
   * Uploads the images once and compiles the plan.
   * @param shared resources that the plan uses and that somebody else owns (parameters, ...)
   * @param remedy what the user can do if memory does not suffice
   */
  static async create(
    machine: Machine,
    plan: Plan,
    images: Images,
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
      const forData = { usage: STORAGE | COPY_DST, remedy: 'Use fewer images.' };
      const data = (label: string, bytes: number) => memory.create({ label, bytes, ...forData });
      const { imageParts, labelBytes } = datasetBytes(images, device.limits);
      const terms = plan.losses.length;
      const owned = {
        images: SplitBuffer.create(memory, imageParts.map(segmentOf), { ...forData, label: plan.name }),
        ...(uses(plan, 'labels') && { labels: data(`${plan.name}: ${images.count} labels`, labelBytes) }),
        settings: make('settings', SETTINGS_BYTES, UNIFORM | COPY_DST),
        counters: make('counters', COUNTERS_BYTES, STORAGE | COPY_DST | COPY_SRC),
        progress: make('progress', PROGRESS_BYTES, STORAGE | UNIFORM | COPY_SRC),
        losses: make('losses', plan.lossBytes, STORAGE),
        metrics: make('metrics', METRICS_CAPACITY * metricsColumns(terms) * F32_BYTES, STORAGE | COPY_SRC),
      };
      const reader = new MetricsReader(device, memory, owned.metrics, plan.losses);
      await memory.settled();
      imageParts.forEach(({ first, count }, index) => {
        const pixels = images.height * images.width;
        const buffer = owned.images.buffers[index];
        if (buffer) upload(device.gpu.queue, buffer, images.pixels.subarray(first * pixels, (first + count) * pixels));
      });
      if (images.labels && owned.labels) upload(device.gpu.queue, owned.labels, images.labels);
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

/** writeBuffer takes whole words; the last few bytes go in a word of their own. */
function upload(queue: GPUQueue, buffer: GPUBuffer, values: Uint8Array): void {
  const whole = values.length - (values.length % 4);
  const bytes = new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.length);
  if (whole > 0) queue.writeBuffer(buffer, 0, bytes, 0, whole);
  if (whole === values.length) return;
  const last = new Uint8Array(4);
  last.set(bytes.subarray(whole));
  queue.writeBuffer(buffer, whole, last);
}
