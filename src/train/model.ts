// A model on a device: its parameters, and what it can do without a trainer: encode, decode, reconstruct, sample.
import { ArgumentError } from '../errors.js';
import type { HostTensor } from '../formats/safetensors.js';
import type { Device } from '../gpu/device.js';
import { Memory } from '../gpu/memory.js';
import { pipelinesOf } from '../gpu/pipelines.js';
import { type Machine, Program } from '../gpu/program.js';
import { readBuffer } from '../gpu/transfer.js';
import { decoderGraph, encoderGraph, type ModelGraph, parameterSpecs } from '../graph/build.js';
import { numel, type Shape, showShape } from '../graph/ops.js';
import { F32_BYTES, f32Bytes } from '../kernels/kernel.js';
import { type MatmulVariant, matmulVariantFor } from '../kernels/matmul.js';
import { type ModelSpec, validateSpec } from '../model/spec.js';
import { type Layout, layoutOf } from '../plan/layout.js';
import { makePlan } from '../plan/make.js';
import { normalAt, STREAM } from '../random.js';
import { initialParameters } from './initialize.js';

/** One parameter's values, or its gradient's, under PyTorch's name. */
export type ParameterTensor = HostTensor<Float32Array<ArrayBuffer>>;

/** A Gaussian code q(z|x) = N(mean, exp(logVar)). */
export interface Codes {
  /** [n, latent] */
  mean: Float32Array;
  /** [n, latent] */
  logVar: Float32Array;
}

export interface ModelOptions {
  /** Seed of the first parameters, a non-negative integer; 0 by default. */
  seed?: number;
}

/** Rows that go through half a model at once; fewer rows use the next power of two. */
const MAX_ROWS = 128;

/** A pass through half of the model for a fixed number of rows. */
interface Half {
  program: Program;
  input: GPUBuffer;
  output: GPUBuffer;
  inputColumns: number;
  outputColumns: number;
}

/** @throws ArgumentError unless `seed` is a non-negative integer that a double holds exactly */
export function checkSeed(seed: number): number {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ArgumentError(`seed: ${seed}, must be an integer from 0 to 2^53 - 1`);
  return seed;
}

/**
 * Makes a model on a device, with fresh parameters.
 * @throws ArgumentError with the path of what is wrong in `spec`
 * @throws DeviceError if the parameters exceed what the device allocates
 */
export async function createModel(device: Device, spec: ModelSpec, options: ModelOptions = {}): Promise<Model> {
  validateSpec(spec);
  const seed = checkSeed(options.seed ?? 0);
  device.check();
  const model = new Model(device, structuredClone(spec));
  try {
    await model.machine.memory.settled();
    device.gpu.queue.writeBuffer(model.parameterBuffer, 0, initialParameters(model.layout, seed));
    await device.gpu.queue.onSubmittedWorkDone();
    device.check();
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** Made by `createModel`; give its memory back with `dispose`. */
export class Model {
  readonly layout: Layout;
  /** Flat f32, see plan/layout.ts. */
  readonly parameterBuffer: GPUBuffer;
  readonly machine: Machine;
  private readonly halves = new Map<string, Promise<Half>>();
  private disposed = false;

  /** Use `createModel`. */
  constructor(
    readonly device: Device,
    readonly spec: ModelSpec,
  ) {
    const memory = new Memory(device);
    this.machine = { device, memory, pipelines: pipelinesOf(device) };
    this.layout = layoutOf(parameterSpecs(spec));
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const remedy = 'Use narrower layers (--hidden) or a smaller code (--latent).';
    this.parameterBuffer = memory.create({ label: 'parameters', bytes: this.layout.bytes, usage, remedy });
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
   * @returns mean and log variance of each code
   * @throws ArgumentError if the length is not a multiple of the pixels
   */
  async encode(images: Float32Array): Promise<Codes> {
    const latent = this.spec.code.units;
    const heads = await this.run('encoder', images, 'images', this.spec.inputs);
    const rows = heads.length / (2 * latent);
    const codes = { mean: new Float32Array(rows * latent), logVar: new Float32Array(rows * latent) };
    for (let row = 0; row < rows; row++) {
      const at = row * 2 * latent;
      codes.mean.set(heads.subarray(at, at + latent), row * latent);
      codes.logVar.set(heads.subarray(at + latent, at + 2 * latent), row * latent);
    }
    return codes;
  }

  /**
   * @param codes [n, latent]
   * @returns pixel probabilities [n, pixels], 0..1
   * @throws ArgumentError if the length is not a multiple of the code
   */
  decode(codes: Float32Array): Promise<Float32Array> {
    return this.run('decoder', codes, 'codes', this.spec.code.units);
  }

  /**
   * What the decoder makes of each image's mean code.
   * @param images [n, pixels], 0..1
   * @returns [n, pixels], 0..1
   */
  async reconstruct(images: Float32Array): Promise<Float32Array> {
    return this.decode((await this.encode(images)).mean);
  }

  /**
   * Images decoded from codes drawn from the prior N(0, I).
   * @param count how many
   * @returns [count, pixels], 0..1; the same for the same seed
   */
  async sample(count: number, options: { seed?: number } = {}): Promise<Float32Array> {
    if (!Number.isInteger(count) || count < 1)
      throw new ArgumentError(`sample count: ${count}, must be a positive integer`);
    const seed = checkSeed(options.seed ?? 0);
    const { inputs, code } = this.spec;
    const samples = new Float32Array(count * inputs);
    for (let first = 0; first < count; first += MAX_ROWS) {
      const length = Math.min(MAX_ROWS, count - first) * code.units;
      const codes = Float32Array.from({ length }, (_, i) => normalAt(seed, STREAM.prior, 0, first * code.units + i));
      samples.set(await this.decode(codes), first * inputs);
    }
    return samples;
  }

  /** Every parameter under PyTorch's name: Linear weights are [units, inputs]. */
  async parameters(): Promise<Map<string, ParameterTensor>> {
    return this.namedTensors(this.parameterBuffer);
  }

  /** The named tensors of any buffer that is laid out like the parameters. */
  async namedTensors(buffer: GPUBuffer): Promise<Map<string, ParameterTensor>> {
    this.checkUsable();
    const bytes = await readBuffer(this.device, this.machine.memory, buffer, this.layout.bytes);
    return new Map(
      this.layout.ranges.map(({ name, shape, offset, bytes: size }) => [
        name,
        { shape, values: new Float32Array(bytes.slice(offset, offset + size)) },
      ]),
    );
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
  }

  private async run(
    which: 'encoder' | 'decoder',
    values: Float32Array,
    what: string,
    columns: number,
  ): Promise<Float32Array> {
    this.checkUsable();
    if (!(values instanceof Float32Array))
      throw new ArgumentError(`${what} are ${typeof values}, must be a Float32Array [n, ${columns}]`);
    if (values.length === 0 || values.length % columns !== 0)
      throw new ArgumentError(
        `${what}: ${values.length} numbers, must be a positive multiple of ${columns}, [n, ${columns}]`,
      );
    const rows = values.length / columns;
    const results: Float32Array[] = [];
    for (let first = 0; first < rows; first += MAX_ROWS) {
      const count = Math.min(MAX_ROWS, rows - first);
      const half = await this.half(which, 2 ** Math.ceil(Math.log2(count)));
      results.push(await this.pass(half, values.subarray(first * columns, (first + count) * columns), count));
    }
    return concatenate(results);
  }

  /** Rows past `count` keep what an earlier call left there, and are not returned. */
  private async pass(half: Half, values: Float32Array, count: number): Promise<Float32Array> {
    const { gpu } = this.device;
    gpu.queue.writeBuffer(half.input, 0, Float32Array.from(values));
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    half.program.encode(pass);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    const bytes = count * half.outputColumns * F32_BYTES;
    return new Float32Array(await readBuffer(this.device, this.machine.memory, half.output, bytes));
  }

  private half(which: 'encoder' | 'decoder', rows: number): Promise<Half> {
    const key = `${which} ${rows}`;
    const known = this.halves.get(key);
    if (known) return known;
    const made = this.makeHalf(
      which === 'encoder' ? encoderGraph(this.spec, rows) : decoderGraph(this.spec, rows),
      key,
      rows,
    );
    this.halves.set(key, made);
    // One that could not be made is tried again by the next call.
    made.catch(() => this.halves.delete(key));
    return made;
  }

  private async makeHalf(graph: ModelGraph, name: string, rows: number): Promise<Half> {
    const { memory } = this.machine;
    const { layout, matmulVariant } = this;
    const plan = makePlan(name, graph, { layout, rows, imageBytes: 0, metricsCapacity: 0, matmulVariant, fuse: true });
    const [inputColumns = 0] = graph.graph.all('input').map((node) => node.shape[1] ?? 0);
    const outputColumns = graph.output?.shape[1] ?? 0;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const remedy = 'Use narrower layers (--hidden).';
    const make = (label: string, columns: number) =>
      memory.create({ label: `${name} ${label}`, bytes: f32Bytes([rows, columns]), usage, remedy });
    const input = make('input', inputColumns);
    let output: GPUBuffer | undefined;
    try {
      output = make('output', outputColumns);
      const resources = { parameters: this.parameterBuffer, input, output };
      const program = await Program.create(this.machine, plan, resources, remedy);
      return { program, input, output, inputColumns, outputColumns };
    } catch (error) {
      memory.destroy(input);
      if (output) memory.destroy(output);
      throw error;
    }
  }
}

function concatenate(parts: Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
