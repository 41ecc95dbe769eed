// A model on a device: its parameters, and what it can do without a trainer: encode, decode, reconstruct, sample.
import { kindOf, tagOf } from '../data/files/bytes.js';
import { ArgumentError, DeviceError } from '../errors.js';
import type { Named } from '../formats/safetensors.js';
import type { Device } from '../gpu/device.js';
import { workDone } from '../gpu/faults.js';
import { Memory } from '../gpu/memory.js';
import { pipelinesOf } from '../gpu/pipelines.js';
import type { Machine } from '../gpu/program.js';
import { SplitBuffer } from '../gpu/split-buffer.js';
import { readBuffer } from '../gpu/transfer.js';
import { parameterSpecs } from '../graph/layers.js';
import type { MatmulVariants } from '../kernels/matmul/choices.js';
import { validateSpec } from '../model/check-spec.js';
import { scaled, unscaled } from '../model/scaling.js';
import { logVarRangeOf, type ModelSpec } from '../model/spec.js';
import { checkSeed, requireKnownKeys, requirePositiveInteger } from '../model/values.js';
import { type Layout, layoutOf } from '../plan/layout.js';
import type { ChooseMatmul } from '../plan/lowering/call.js';
import { normalAt, STREAM } from '../random.js';
import { loadLayers } from './layers.js';
import { checkNumbers } from './options.js';
import { byteFeedOf, changed, columnsOf, type Feed, feedOf, labelled, someColumns } from './passes/feed.js';
import { Halves, type UseOnGpu } from './passes/halves.js';
import { codeRows, imageRows, isBytes, type Numbers, type Rows } from './passes/rows.js';
import type { Scores } from './passes/score-sums.js';
import { checkScoreOptions, type ScoredFeed, type ScoreOptions, Scorer } from './passes/scores.js';
import { VariantTable } from './variants.js';
import { initialParameters } from './weights/initialize.js';
import { type ParameterTensor, unflatten } from './weights/tensors.js';
import { flatWeights, type WeightTensor } from './weights/weights.js';

/** A label of a resident row is a byte. */
const MOST_CLASSES = 256;

/** Codes of n images. */
export interface Codes {
  /**
   * The code, [n, latent]; of a Gaussian one, q(z|x) = N(mean, exp(logVar)), its mean; of a quantised one its vectors, place by
   * place, row by row of the feature map.
   */
  mean: Float32Array;
  /** [n, latent], of a Gaussian code; within the spec's `logVarRange`. */
  logVar?: Float32Array;
  /** [n, places], of a quantised code: the number of each place's vector in the codebook, the parameter `codebook.weight`. */
  indices?: Uint32Array;
}

/** [n], the class of each row, from 0. */
export type Labels = readonly number[] | Uint8Array;

/** For conditional models only, and necessary there. */
export interface LabelOptions {
  /** [n], the class of each row, an integer below the model's `classes`. */
  labels?: Labels;
}

/** How a model begins, and how its matmuls are computed. */
export interface ModelOptions {
  /** Seed of the first parameters, a non-negative integer; 0 by default. */
  seed?: number;
  /**
   * By which variant each matmul is computed, as `tuneMatmuls` of latentgpu/tune finds them or as another model's
   * `variants` are: the same variants on the same adapter give the same bits. A shape that is missing has the adapter's
   * default.
   */
  variants?: MatmulVariants;
}

/**
 * Makes a model on a device, with fresh parameters.
 * @throws ArgumentError with the path of what is wrong in `spec` or `options`
 * @throws DeviceError if the parameters exceed what the device allocates
 * @example
 * ```ts
 * const model = await createModel(device, vae({ hidden: [128], latent: 8 }), { seed: 1 });
 * ```
 */
export async function createModel(device: Device, spec: ModelSpec, options: ModelOptions = {}): Promise<Model> {
  if (typeof device?.check !== 'function')
    throw new ArgumentError(`device: ${kindOf(device)}, must be an open device: await openDevice()`);
  validateSpec(spec);
  requireKnownKeys(options, ['seed', 'variants'], 'createModel');
  const seed = checkSeed(options.seed ?? 0);
  device.check();
  await loadLayers(spec);
  const model = new Model(device, structuredClone(spec), new VariantTable(device, options.variants));
  try {
    await model.machine.memory.settled();
    model.parameterBuffer.write(device.gpu.queue, initialParameters(model.layout, seed));
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
  parameters: SplitBuffer;
  halves: Halves;
  scorer: Scorer;
}

/** Made by `createModel`; give its memory back with `dispose`. */
export class Model {
  /** Where each parameter lies. @internal */
  readonly layout: Layout;
  /**
   * How often somebody loaded parameters or began to train them: a state saved before that is no longer the model's.
   * @internal
   */
  changes = 0;
  private onGpu: OnGpu;
  private disposed = false;

  /** Use `createModel`. @internal */
  constructor(
    /** That it lies on. */
    readonly device: Device,
    /** As createModel was given it. */
    readonly spec: ModelSpec,
    private readonly table: VariantTable,
  ) {
    this.layout = layoutOf(parameterSpecs(spec));
    this.onGpu = this.allocate();
  }

  private allocate(): OnGpu {
    const { device, spec, layout, table } = this;
    const memory = new Memory(device);
    const machine = { device, memory, pipelines: pipelinesOf(device) };
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const remedy = 'Use narrower layers or a smaller code.';
    const parameters = SplitBuffer.create(memory, layout.segments, { label: 'parameters', usage, remedy });
    const parts = { machine, spec, layout, choose: table.choose, parameters };
    return { gpu: device.gpu, machine, parameters, halves: new Halves(parts), scorer: new Scorer(parts) };
  }

  /** Flat f32, see plan/layout.ts. @internal */
  get parameterBuffer(): SplitBuffer {
    return this.onGpu.parameters;
  }

  /** @internal */
  get machine(): Machine {
    return this.onGpu.machine;
  }

  /** Whether its memory went with a GPU that was lost, and the device has another one by now. */
  get stale(): boolean {
    return this.onGpu.gpu !== this.device.gpu;
  }

  /**
   * Its memory anew after a loss, zeroed; whoever calls it writes the parameters (recovery of a trainer).
   * @internal
   */
  rebuild(): void {
    this.machine.memory.dispose();
    this.onGpu = this.allocate();
  }

  /** How many numbers are trained. */
  get parameterCount(): number {
    return this.layout.parameterCount;
  }

  /** Which variant computes a matmul of this shape here; all plans of the model ask it. @internal */
  get choose(): ChooseMatmul {
    return this.table.choose;
  }

  /** By which variant the matmuls of all plans so far are computed: createModel takes it to repeat the same bits. */
  get variants(): MatmulVariants {
    return this.table.used;
  }

  /**
   * The codes of images, or of rows.
   * @param images [n, pixels] of 0..1 in any array of floats; in a Uint8Array, bytes of 0 (black) to 255 (white)
   * @returns each image's code; of a Gaussian code its mean and log variance
   * @throws ArgumentError if the length is not a multiple of the pixels, a number is not finite, or labels are missing or
   *   superfluous
   */
  async encode(images: Numbers, options: LabelOptions = {}): Promise<Codes> {
    const { output, width, from } = await this.encoded(images, labelsOf(options));
    const { code } = this.spec;
    if (code.kind === 'deterministic') return { mean: output };
    const mean = someColumns(output, width, from, code.units);
    if (code.kind === 'quantized') return { mean, indices: Uint32Array.from(someColumns(output, width, 0, from)) };
    const logVar = someColumns(output, width, code.units, code.units);
    const [low, high] = logVarRangeOf(code);
    for (let i = 0; i < logVar.length; i++) logVar[i] = Math.min(Math.max(logVar[i] ?? 0, low), high);
    return { mean, logVar };
  }

  /** What the encoder makes of images, [n, width], in which the code begins at column `from`. */
  private async encoded(
    images: Numbers,
    labels?: Labels,
  ): Promise<{ output: Float32Array; width: number; from: number }> {
    this.checkUsable();
    const { inputs, code } = this.spec;
    const given = imageRows(images, inputs, 'images', this.takesNumbers);
    this.checkUnits(images);
    const seen = changed(feedOf(given, inputs), (some) => this.asSeen(some));
    const output = await this.onGpu.halves.run('encoder', this.withLabels(seen, labels));
    const from = code.kind === 'quantized' ? code.units / code.dimensions : 0;
    return { output, width: output.length / given.count, from };
  }

  /**
   * Images, or rows, from codes.
   * @param codes [n, latent] in any array of numbers
   * @returns images [n, pixels], 0..1; not clipped where the output has no such bounds
   * @throws ArgumentError if the length is not a multiple of the code, a number is not finite, or labels are missing or
   *   superfluous
   */
  async decode(codes: Numbers, options: LabelOptions = {}): Promise<Float32Array> {
    this.checkUsable();
    const { units } = this.spec.code;
    return this.decoded(feedOf(codeRows(codes, units), units), labelsOf(options));
  }

  private decoded(codes: Feed, labels?: Labels): Promise<Float32Array> {
    return this.onGpu.halves.run('decoder', this.withLabels(codes, labels), (some) => this.asGiven(some));
  }

  /** Cross entropy is of pixels of 0..1; any other loss is of whatever numbers were trained on. */
  private get takesNumbers(): boolean {
    return this.spec.loss.reconstruction !== 'bce';
  }

  /** Bytes stand for 0..1; a model that scales, or one of counts, knows no such unit. */
  private checkUnits(values: Numbers): void {
    const { scaling, loss } = this.spec;
    const counts = loss.reconstruction === 'poisson';
    if ((scaling || counts) && tagOf(values) === 'Uint8Array')
      throw new ArgumentError(
        `a Uint8Array, whose bytes stand for 0..1, must be ${counts ? 'counts for a model with the poisson loss' : "numbers in the data's units for a model with a scaling"}; for example Float32Array.from(values)`,
      );
  }

  /** What the decoder makes, in the units of the examples. */
  private asGiven(made: Float32Array): Float32Array {
    const { range, scaling } = this.spec;
    const numbers = range === '-1..1' ? made.map((x) => (x + 1) / 2) : made;
    return scaling ? unscaled(numbers, scaling) : numbers;
  }

  /** The examples' own numbers as the encoder takes them. */
  private asSeen(numbers: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
    const { range, scaling } = this.spec;
    const own = scaling ? scaled(numbers, scaling) : numbers;
    return range === '-1..1' ? own.map((x) => 2 * x - 1) : own;
  }

  /**
   * As `decode`, but the images stay on the GPU, in the model's own range: what `use` encodes there runs right after them.
   * It is called for some rows at a time, all within one task. Resolves when the GPU has done it.
   * @internal
   */
  async decodeOnGpu(codes: Numbers, { labels }: LabelOptions, use: UseOnGpu): Promise<void> {
    this.checkUsable();
    const { units } = this.spec.code;
    const feed = this.withLabels(feedOf(codeRows(codes, units), units), labels);
    await this.onGpu.halves.runOnGpu('decoder', feed, use);
    await workDone(this.device);
  }

  /**
   * What the decoder makes of each image's code; of a Gaussian one, of its mean.
   * @param images as `encode` takes them; a denoising model is given the damaged ones
   * @returns [n, pixels], 0..1
   */
  async reconstruct(images: Numbers, options: LabelOptions = {}): Promise<Float32Array> {
    const labels = labelsOf(options);
    const { output, width, from } = await this.encoded(images, labels);
    this.checkUsable();
    return this.decoded(columnsOf(output, width, from, this.spec.code.units), labels);
  }

  /**
   * How odd the model finds each row: its loss, as `evaluate` of a trainer means it over rows, but of the row as it is (not
   * damaged), with all of the KL term (no free bits, no capacity) and without the sparsity term, which is of a batch. Of a model
   * that is trained with several samples (loss.samples) it is that of a VAE; `iwae` gives the bound.
   * @param values as `encode` takes them
   * @returns [n], the weighted sum of the terms, which is minus the evidence lower bound of a VAE; with `terms` each of them by
   *   itself as well, unweighted, and `iwae` where it was asked for. Not finite for a row that is beyond f32.
   * @throws ArgumentError as `encode`; for draws of a model that has none
   * @example
   * ```ts
   * const odd = await model.scores(values); // [n]
   * const { loss, kl } = await model.scores(values, { terms: true, samples: 8 });
   * ```
   */
  async scores(values: Numbers, options?: ScoreOptions & LabelOptions & { terms?: false }): Promise<Float32Array>;
  async scores(values: Numbers, options: ScoreOptions & LabelOptions & { terms: true }): Promise<Scores>;
  async scores(
    values: Numbers,
    options: ScoreOptions & LabelOptions & { terms?: boolean } = {},
  ): Promise<Float32Array | Scores> {
    this.checkUsable();
    requireKnownKeys(options, ['samples', 'iwae', 'seed', 'labels', 'terms'], 'scores');
    const { labels, terms = false, ...drawn } = options;
    checkScoreOptions(drawn, this.spec);
    const { inputs, classes = 0 } = this.spec;
    const rows = imageRows(values, inputs, 'values', this.takesNumbers);
    this.checkUnits(values);
    if (classes > MOST_CLASSES)
      throw new ArgumentError(
        `scores: this model has ${classes} classes, must have ${MOST_CLASSES} at most to be scored`,
      );
    const told = this.checkRowLabels(labels, rows.count);
    checkNumbers({ shape: [rows.count, inputs], values: rows.values }, 'values', this.spec);
    const scores = await this.onGpu.scorer.run(this.scoredFeed(rows), told && Uint8Array.from(told), drawn);
    return terms ? scores : scores.loss;
  }

  /** Bytes stand for themselves: a model with a scaling takes none. */
  private scoredFeed(rows: Rows): ScoredFeed {
    const { inputs, scaling } = this.spec;
    if (isBytes(rows)) return { type: 'u8', rows: byteFeedOf(rows, inputs) };
    const given = feedOf(rows, inputs);
    return { type: 'f32', rows: scaling ? changed(given, (some) => scaled(some, scaling)) : given };
  }

  /**
   * Images decoded from codes drawn from the prior N(0, I).
   * @param count how many
   * @returns [count, pixels], 0..1; the same for the same seed
   * @throws ArgumentError if the code is deterministic: it has no prior
   */
  async sample(count: number, options: { seed?: number } & LabelOptions = {}): Promise<Float32Array> {
    requireKnownKeys(options, ['seed', 'labels'], 'sample');
    const { seed, ...labels } = options;
    return this.decode(this.priorCodes(count, seed), labels);
  }

  /**
   * Codes drawn from the prior N(0, I), as `sample` decodes them.
   * @returns [count, latent]
   * @throws ArgumentError if the code is deterministic
   */
  priorCodes(count: number, seed = 0): Float32Array {
    requirePositiveInteger(count, 'sample count');
    const { code } = this.spec;
    if (code.kind !== 'gaussian')
      throw new ArgumentError(
        `this model has a ${code.kind} code and no prior to draw from; use a variational one, or decode codes of your own`,
      );
    checkSeed(seed);
    return Float32Array.from({ length: count * code.units }, (_, i) => normalAt(seed, STREAM.prior, 0, i));
  }

  /** A conditional model's input: each row with its label. */
  private withLabels(feed: Feed, labels?: Labels): Feed {
    const told = this.checkRowLabels(labels, feed.count);
    return told ? labelled(feed, told, this.spec.classes ?? 0) : feed;
  }

  /** Labels of a conditional model; nothing for another. */
  private checkRowLabels(labels: Labels | undefined, rows: number): Labels | undefined {
    const { classes } = this.spec;
    if (classes === undefined) {
      if (labels) throw new ArgumentError('this model is not conditional and takes no labels; leave them out');
      return undefined;
    }
    if (labels?.length !== rows)
      throw new ArgumentError(
        `labels: ${labels ? (labels.length ?? kindOf(labels)) : 'none'}, must be ${rows}, one a row: this model is conditional (${classes} classes)`,
      );
    for (let row = 0; row < rows; row++) {
      const label = labels[row] ?? -1;
      if (!Number.isInteger(label) || label < 0 || label >= classes)
        throw new ArgumentError(`labels[${row}]: ${label}, must be an integer from 0 to ${classes - 1}`);
    }
    return labels;
  }

  /** Every parameter under PyTorch's name: Linear weights are [units, inputs]. */
  async parameters(): Promise<Map<string, ParameterTensor>> {
    return this.namedTensors(this.parameterBuffer);
  }

  /** The named tensors of anything that is laid out like the parameters, or those of `layout` in it. @internal */
  async namedTensors(held: GPUBuffer | SplitBuffer, layout = this.layout): Promise<Map<string, ParameterTensor>> {
    this.checkUsable();
    const { device } = this;
    const { memory } = this.machine;
    const bytes =
      held instanceof SplitBuffer ? held.read(device, memory) : readBuffer(device, memory, held, layout.bytes);
    return unflatten(layout, await bytes);
  }

  /**
   * Replaces every parameter.
   * @param tensors as decodeSafetensors gives them, or a plain object of { shape, values }; `weightsOf` says which of them
   *   are taken
   * @throws ArgumentError naming all tensors that are missing, superfluous or of another shape, or the first that is not
   *   finite; nothing is changed then
   * @example
   * ```ts
   * model.loadParameters(decodeSafetensors(bytes));
   * ```
   */
  loadParameters(tensors: Named<WeightTensor>): void {
    this.checkUsable();
    const flat = flatWeights(this.layout, tensors);
    this.parameterBuffer.write(this.device.gpu.queue, flat);
    this.changes++;
  }

  /** Frees all GPU memory of the model; what it was computing must have been awaited. Idempotent. */
  dispose(): void {
    this.disposed = true;
    this.machine.memory.dispose();
  }

  /**
   * Throws unless the model can compute.
   * @throws ArgumentError after dispose; DeviceError if the device has failed
   */
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
