// A model on a device: its parameters, and what it can do without a trainer: encode, decode, reconstruct, sample.
import { ArgumentError, DeviceError } from '../errors.js';
import type { Device } from '../gpu/device.js';
import { workDone } from '../gpu/faults.js';
import { Memory } from '../gpu/memory.js';
import { pipelinesOf } from '../gpu/pipelines.js';
import type { Machine } from '../gpu/program.js';
import { readBuffer } from '../gpu/transfer.js';
import { parameterSpecs } from '../graph/build.js';
import { numel, type Shape, showShape } from '../graph/ops.js';
import { F32_BYTES } from '../kernels/kernel.js';
import { type MatmulVariant, matmulVariantFor } from '../kernels/matmul.js';
import { type ModelSpec, validateSpec } from '../model/spec.js';
import { checkSeed, requireKnownKeys } from '../model/values.js';
import { type Layout, layoutOf } from '../plan/layout.js';
import { normalAt, STREAM } from '../random.js';
import { Halves, type UseOnGpu, wholeRows } from './halves.js';
import { initialParameters } from './initialize.js';
import { type ParameterTensor, unflatten } from './tensors.js';

/** Codes of n images. */
export interface Codes {
  /** [n, latent]: the code; of a Gaussian one, q(z|x) = N(mean, exp(logVar)), its mean. */
  mean: Float32Array;
  /** [n, latent], of a Gaussian code. */
  logVar?: Float32Array;
}

export type Labels = readonly number[] | Uint8Array;

/** For conditional models only, and necessary there. */
export interface LabelOptions {
  /** [n], the class of each row, an integer below the model's `classes`. */
  labels?: Labels;
}

export interface ModelOptions {
  /** Seed of the first parameters, a non-negative integer; 0 by default. */
  seed?: number;
}

/**
 * Makes a model on a device, with fresh parameters.
 * @throws ArgumentError with the path of what is wrong in `spec`
 * @throws DeviceError if the parameters exceed what the device allocates
 */
export async function createModel(device: Device, spec: ModelSpec, options: ModelOptions = {}): Promise<Model> {
  validateSpec(spec);
  requireKnownKeys(options, ['seed'], 'createModel');
  const seed = checkSeed(options.seed ?? 0);
  device.check();
  const model = new Model(device, structuredClone(spec));
  try {
    await model.machine.memory.settled();
    device.gpu.queue.writeBuffer(model.parameterBuffer, 0, initialParameters(model.layout, seed));
    await workDone(device);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** What of a model lies on a GPU. */
interface OnGpu {
  gpu: GPUDevice;
  machine: Machine;
  parameters: GPUBuffer;
  halves: Halves;
}

/** Made by `createModel`; give its memory back with `dispose`. */
export class Model {
  readonly layout: Layout;
  /** How often somebody loaded parameters or began to train them: a state saved before that is no longer the model's. */
  changes = 0;
  private onGpu: OnGpu;
  private disposed = false;

  /** Use `createModel`. */
  constructor(
    readonly device: Device,
    readonly spec: ModelSpec,
  ) {
    this.layout = layoutOf(parameterSpecs(spec));
    this.onGpu = this.allocate();
  }

  private allocate(): OnGpu {
    const { device, spec, layout, matmulVariant } = this;
    const memory = new Memory(device);
    const machine = { device, memory, pipelines: pipelinesOf(device) };
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const remedy = 'Use narrower layers or a smaller code.';
    const parameters = memory.create({ label: 'parameters', bytes: layout.bytes, usage, remedy });
    const halves = new Halves({ machine, spec, layout, matmulVariant, parameters });
    return { gpu: device.gpu, machine, parameters, halves };
  }

  /** Flat f32, see plan/layout.ts. */
  get parameterBuffer(): GPUBuffer {
    return this.onGpu.parameters;
  }

  get machine(): Machine {
    return this.onGpu.machine;
  }

  /** Whether its memory went with a GPU that was lost, and the device has another one by now. */
  get stale(): boolean {
    return this.onGpu.gpu !== this.device.gpu;
  }

  /** Its memory anew after a loss, zeroed; whoever calls it writes the parameters (recovery of a trainer). */
  rebuild(): void {
    this.machine.memory.dispose();
    this.onGpu = this.allocate();
  }

  /** How many numbers are trained. */
  get parameterCount(): number {
    return this.layout.parameterCount;
  }

  /** Which matmul suits the adapter. */
  get matmulVariant(): MatmulVariant {
    return matmulVariantFor(this.device.adapter, this.device.features.has('subgroups'));
  }

  /**
   * @param images [n, pixels], 0..1
   * @returns each image's code; of a Gaussian code its mean and log variance
   * @throws ArgumentError if the length is not a multiple of the pixels, or labels are missing or superfluous
   */
  async encode(images: Float32Array, options: LabelOptions = {}): Promise<Codes> {
    this.checkUsable();
    const labels = labelsOf(options);
    const { inputs, code } = this.spec;
    const rows = wholeRows(images, inputs, 'images');
    const seen = this.spec.range === '-1..1' ? images.map((x) => 2 * x - 1) : images;
    const values = this.withLabels(seen, inputs, rows, labels);
    const output = await this.onGpu.halves.run('encoder', values, inputs + (this.spec.classes ?? 0));
    if (code.kind === 'deterministic') return { mean: output };
    const part = (from: number) => {
      const values = new Float32Array(rows * code.units);
      for (let row = 0; row < rows; row++) {
        const at = row * 2 * code.units + from;
        values.set(output.subarray(at, at + code.units), row * code.units);
      }
      return values;
    };
    return { mean: part(0), logVar: part(code.units) };
  }

  /**
   * @param codes [n, latent]
   * @returns images [n, pixels], 0..1; not clipped where the output has no such bounds
   * @throws ArgumentError if the length is not a multiple of the code, or labels are missing or superfluous
   */
  async decode(codes: Float32Array, options: LabelOptions = {}): Promise<Float32Array> {
    this.checkUsable();
    const labels = labelsOf(options);
    const { units } = this.spec.code;
    const values = this.withLabels(codes, units, wholeRows(codes, units, 'codes'), labels);
    const images = await this.onGpu.halves.run('decoder', values, units + (this.spec.classes ?? 0));
    return this.spec.range === '-1..1' ? images.map((x) => (x + 1) / 2) : images;
  }

  /**
   * As `decode`, but the images stay on the GPU, in the model's own range: what `use` encodes there runs right after them.
   * It is called for some rows at a time, all within one task. Resolves when the GPU has done it.
   */
  async decodeOnGpu(codes: Float32Array, { labels }: LabelOptions, use: UseOnGpu): Promise<void> {
    this.checkUsable();
    const { units } = this.spec.code;
    const values = this.withLabels(codes, units, wholeRows(codes, units, 'codes'), labels);
    await this.onGpu.halves.runOnGpu('decoder', values, units + (this.spec.classes ?? 0), use);
    await workDone(this.device);
  }

  /**
   * What the decoder makes of each image's code; of a Gaussian one, of its mean.
   * @param images [n, pixels], 0..1; a denoising model is given the damaged ones
   * @returns [n, pixels], 0..1
   */
  async reconstruct(images: Float32Array, options: LabelOptions = {}): Promise<Float32Array> {
    return this.decode((await this.encode(images, options)).mean, options);
  }

  /**
   * Images decoded from codes drawn from the prior N(0, I).
   * @param count how many
   * @returns [count, pixels], 0..1; the same for the same seed
   * @throws ArgumentError if the code is deterministic: it has no prior
   */
  async sample(count: number, options: { seed?: number } & LabelOptions = {}): Promise<Float32Array> {
    const { seed, ...labels } = options;
    return this.decode(this.priorCodes(count, seed), labels);
  }

  /**
   * Codes drawn from the prior N(0, I), as `sample` decodes them.
   * @returns [count, latent]
   * @throws ArgumentError if the code is deterministic
   */
  priorCodes(count: number, seed = 0): Float32Array {
    if (!Number.isInteger(count) || count < 1)
      throw new ArgumentError(`sample count: ${count}, must be a positive integer`);
    const { code } = this.spec;
    if (code.kind === 'deterministic')
      throw new ArgumentError(
        'this model has a deterministic code and no prior to draw from; use a variational one, or decode codes of your own',
      );
    checkSeed(seed);
    return Float32Array.from({ length: count * code.units }, (_, i) => normalAt(seed, STREAM.prior, 0, i));
  }

  /** A conditional model's input: each row with its label as one-hot. */
  private withLabels(values: Float32Array, columns: number, rows: number, labels?: Labels): Float32Array {
    const { classes } = this.spec;
    if (classes === undefined) {
      if (labels) throw new ArgumentError('this model is not conditional and takes no labels; leave them out');
      return values;
    }
    if (labels?.length !== rows)
      throw new ArgumentError(
        `labels: ${labels?.length ?? 'none'}, must be ${rows}, one a row: this model is conditional (${classes} classes)`,
      );
    const width = columns + classes;
    const joined = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const label = labels[row] ?? -1;
      if (!Number.isInteger(label) || label < 0 || label >= classes)
        throw new ArgumentError(`labels[${row}]: ${label}, must be an integer from 0 to ${classes - 1}`);
      joined.set(values.subarray(row * columns, (row + 1) * columns), row * width);
      joined[row * width + columns + label] = 1;
    }
    return joined;
  }

  /** Every parameter under PyTorch's name: Linear weights are [units, inputs]. */
  async parameters(): Promise<Map<string, ParameterTensor>> {
    return this.namedTensors(this.parameterBuffer);
  }

  /** The named tensors of any buffer that is laid out like the parameters. */
  async namedTensors(buffer: GPUBuffer): Promise<Map<string, ParameterTensor>> {
    this.checkUsable();
    return unflatten(this.layout, await readBuffer(this.device, this.machine.memory, buffer, this.layout.bytes));
  }

  /**
   * Replaces every parameter.
   * @throws ArgumentError naming a tensor that is missing, unknown, or of another shape; nothing is changed then
   */
  loadParameters(tensors: ReadonlyMap<string, { shape: Shape; values: ArrayLike<number> }>): void {
    this.checkUsable();
    const { ranges } = this.layout;
    const names = new Set(ranges.map((range) => range.name));
    for (const name of tensors.keys())
      if (!names.has(name))
        throw new ArgumentError(`parameter "${name}" is not in this model, which has ${[...names].join(', ')}`);
    const flat = new Float32Array(this.layout.bytes / F32_BYTES);
    for (const { name, shape, offset } of ranges) {
      const tensor = tensors.get(name);
      if (!tensor) throw new ArgumentError(`parameter "${name}" ${showShape(shape)} is missing`);
      if (showShape(tensor.shape) !== showShape(shape) || tensor.values.length !== numel(shape))
        throw new ArgumentError(
          `parameter "${name}" is ${showShape(tensor.shape)} with ${tensor.values.length} values, must be ${showShape(shape)}`,
        );
      flat.set(tensor.values, offset / F32_BYTES);
    }
    this.device.gpu.queue.writeBuffer(this.parameterBuffer, 0, flat);
    this.changes++;
  }

  /** Frees all GPU memory of the model; what it was computing must have been awaited. Idempotent. */
  dispose(): void {
    this.disposed = true;
    this.machine.memory.dispose();
  }

  /** @throws ArgumentError after dispose; DeviceError if the device has failed */
  checkUsable(): void {
    if (this.disposed) throw new ArgumentError('this model was disposed; make a new one with createModel');
    this.device.check();
    if (this.stale)
      throw new DeviceError(
        'this model was lost with the GPU that it was on; make a new one with createModel and load its parameters',
      );
  }
}

function labelsOf(options: LabelOptions): Labels | undefined {
  requireKnownKeys(options, ['labels'], '');
  return options.labels;
}
