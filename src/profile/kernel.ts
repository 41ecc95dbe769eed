// One matmul alone, in every variant that the device can run: first checked against the product in f64, then timed. The
// report is the table that a choice of the fastest chooses from; it chooses nothing itself. Called by `--kernel` of
// harness/profile.js and by pages. What is right and what is timed: product.ts, gpu/timestamps.ts, gpu/repeat.ts.
import { halfBits } from '../data/files/half.js';
import { ArgumentError, ShaderError } from '../errors.js';
import type { AdapterSummary, Device } from '../gpu/device.js';
import { watched } from '../gpu/faults.js';
import { Memory } from '../gpu/memory.js';
import { pipelinesOf } from '../gpu/pipelines.js';
import { requirePrecision } from '../gpu/precision.js';
import { type Machine, Program } from '../gpu/program.js';
import { timeRepeated } from '../gpu/repeat.js';
import { isQuantized, type PassTime, Timestamps } from '../gpu/timestamps.js';
import { readBuffer } from '../gpu/transfer.js';
import { bytesOf, type Kernel } from '../kernels/kernel.js';
import { type MatmulShape, type MatmulVariant, matmulFor, matmulVariants } from '../kernels/matmul/matmul.js';
import { variantText } from '../kernels/matmul/matmul-variants.js';
import type { NumberType } from '../kernels/stored.js';
import { requireKnownKeys } from '../names.js';
import { dispatchOf } from '../plan/lowering/call.js';
import type { Dispatch, Resource, Tensor } from '../plan/plan.js';
import {
  MATMUL_FORMS,
  type MatmulForm,
  type MatmulSizes,
  operand,
  type Product,
  product,
  sampleOf,
  transposed,
  type Worst,
  worstOf,
} from './product.js';
import { type DispatchTimes, median, type ProfileRow, quantile, rates } from './report.js';

/** Which product is timed, and in which ways. */
export interface MatmulProfileOptions extends MatmulSizes {
  /** Names such as 'matmul_tiled' or 'tiled'; all that the device can run by default. */
  variants?: readonly string[];
  /** The name of one that comes before the others. */
  first?: string;
  /** What else is timed: those that a model has for a matmul (candidatesOn of latentgpu/tune), its default before all. */
  candidates?: (device: Device, shape: MatmulShape) => readonly MatmulVariant[];
  /** What A and B are in memory; f32 by default. */
  precision?: NumberType;
  /** All three by default. */
  forms?: readonly MatmulForm[];
  /** Told before each variant of each form is checked and timed: on software the largest take seconds. */
  onProgress?: (progress: KernelProgress) => void;
}

/** What comes next. */
export interface KernelProgress {
  /** How it is computed. */
  variant: MatmulVariant;
  /** How A and B are stored. */
  form: MatmulForm;
  /** Its name: "matmul_tiled". */
  kernel: string;
  /** From 1. */
  number: number;
  /** How many there are. */
  of: number;
}

/** One variant of one form. Times are microseconds. */
export interface KernelRow
  extends Pick<
    ProfileRow,
    | 'kernel'
    | 'grid'
    | 'workgroup'
    | 'calls'
    | 'samples'
    | 'median'
    | 'p95'
    | 'flops'
    | 'bytes'
    | 'gflops'
    | 'gbs'
    | 'intensity'
  > {
  /** How it is computed. */
  variant: MatmulVariant;
  /** How A and B are stored. */
  form: MatmulForm;
  /** Largest error over what an f32 kernel may be off by: at most 1. */
  worst: number;
  /** The fastest of its form, by the median. */
  best: boolean;
  /** Whether it is what a model takes for these sizes without tuning, as `candidates` tells. */
  default: boolean;
}

/** A variant that was not timed, and why. */
export interface RefusedKernel {
  /** How it would be computed. */
  variant: MatmulVariant;
  /** How A and B are stored. */
  form: MatmulForm;
  /** Its name. */
  kernel: string;
  /** For people: a wrong element, or why it does not compile. */
  reason: string;
}

/** Plain JSON. */
export interface KernelReport extends MatmulSizes {
  /** What it was timed on. */
  adapter: AdapterSummary;
  /** What A and B are in memory. */
  precision: NumberType;
  /** timestamps of the GPU, or the host's clock over many calls. */
  method: 'timestamps' | 'repetition';
  /** The device has timestamps, but too coarse ones. */
  quantized: boolean;
  /** How many rows and columns of each result were compared with f64. */
  checked: {
    /** Of C. */
    rows: number;
    /** Of C. */
    columns: number;
  };
  /** What was timed. */
  rows: KernelRow[];
  /** What was not. */
  refused: RefusedKernel[];
}

/** Calls a row by timestamps; fewer where they would take longer than ROW_US in all. */
const MOST_CALLS = 100;
const LEAST_CALLS = 5;
const ROW_US = 300_000;
/** A submit is not to block the display for longer. */
const SUBMIT_US = 60_000;
const REPETITION_SAMPLES = 7;
const REMEDY = 'Use smaller m, n, k.';

/**
 * Times C [m, n] = A B over k on its own. Every variant is compared with f64 first; a wrong one is refused, not timed.
 * @throws ArgumentError for sizes, variants or forms that make no sense
 * @throws DeviceError when the device fails or the matrices do not fit it
 * @example
 * ```ts
 * const { rows } = await profileMatmul(device, { m: 128, n: 512, k: 784, forms: ['NT'] });
 * const best = rows.find((row) => row.best);
 * ```
 */
export async function profileMatmul(device: Device, options: MatmulProfileOptions): Promise<KernelReport> {
  requireKnownKeys(options, KEYS, 'profileMatmul');
  const { m, n, k, forms = MATMUL_FORMS, precision = 'f32' } = options;
  for (const form of forms) checkForm(form);
  requirePrecision(precision, device);
  checkSizes({ m, n, k });
  const candidates = forms.flatMap((form) => candidatesFor(device, { m, n, k }, form, precision, options));
  return timeAll(device, { m, n, k }, precision, candidates, options.onProgress);
}

const KEYS = ['m', 'n', 'k', 'candidates', 'precision', 'forms', 'first', 'variants', 'onProgress'];

function candidatesFor(
  device: Device,
  { m, n, k }: MatmulSizes,
  form: MatmulForm,
  precision: NumberType,
  { variants, first, candidates }: MatmulProfileOptions,
): PlacedCandidate[] {
  const shape = shapeOf({ m, n, k }, form, precision);
  const simple = matmulVariants(device.adapter, device.features.has('subgroups'));
  const offered = candidates?.(device, shape) ?? [];
  const all = [...offered, ...simple];
  const distinct = all.filter((one, at) => all.findIndex((other) => variantText(other) === variantText(one)) === at);
  const before = first === undefined ? [] : named(device, distinct, [first]);
  const rest = (variants ? named(device, distinct, variants) : distinct).filter(({ name }) => name !== before[0]?.name);
  return [...before, ...rest].map((variant) => ({
    form,
    variant,
    kernel: matmulFor(shape, variant, 'plain'),
    default: variant === offered[0],
  }));
}

const shapeOf = (sizes: MatmulSizes, form: MatmulForm, precision: NumberType): MatmulShape => ({
  ...sizes,
  ...transposed(form),
  types: [precision, precision],
  activation: 'identity',
});

function checkForm(form: string): void {
  if (!MATMUL_FORMS.some((known) => known === form))
    throw new ArgumentError(`form: "${form}", must be one of ${MATMUL_FORMS.join(', ')}`);
}

/** Those of `all` with one of these names. */
function named(device: Device, all: readonly MatmulVariant[], names: readonly string[]): MatmulVariant[] {
  const known = [...new Set(all.map(({ name }) => name))];
  const wanted = names.map((name) => {
    const found = known.find((one) => name === one || name === `matmul_${one}`);
    if (found) return found;
    const choices = known.map((one) => `matmul_${one}`).join(', ');
    throw new ArgumentError(`variant: "${name}", must be one that ${device.adapter.name} can run: ${choices}`);
  });
  return all.filter(({ name }) => wanted.includes(name));
}

/** A kernel that claims to be a variant of the plain product. */
export interface Candidate {
  variant: MatmulVariant;
  kernel: Kernel<MatmulShape>;
}

interface PlacedCandidate extends Candidate {
  form: MatmulForm;
  default: boolean;
}

/** The same for any kernels that bind a, b and c. */
export async function profileCandidates(
  device: Device,
  sizes: MatmulSizes,
  forms: readonly MatmulForm[],
  candidates: readonly Candidate[],
  onProgress?: (progress: KernelProgress) => void,
): Promise<KernelReport> {
  checkSizes(sizes);
  const placed = forms.flatMap((form) => candidates.map((candidate) => ({ ...candidate, form, default: false })));
  return timeAll(device, sizes, 'f32', placed, onProgress);
}

/** @param candidates those of a form together */
async function timeAll(
  device: Device,
  sizes: MatmulSizes,
  precision: NumberType,
  candidates: readonly PlacedCandidate[],
  onProgress?: (progress: KernelProgress) => void,
): Promise<KernelReport> {
  const memory = new Memory(device);
  try {
    const bench = await Bench.create(device, memory, sizes, precision);
    const sample = sampleOf(sizes);
    const rows: KernelRow[] = [];
    const refused: RefusedKernel[] = [];
    let want: { form: MatmulForm; product: Product } | undefined;
    for (const [index, candidate] of candidates.entries()) {
      const { variant, kernel, form } = candidate;
      if (want?.form !== form) want = { form, product: product(sizes, form, sample, bench.a, bench.b) };
      onProgress?.({ variant, form, kernel: kernel.name, number: index + 1, of: candidates.length });
      const result = await bench.measure(candidate, want.product);
      if ('reason' in result) refused.push(result);
      else rows.push(result);
    }
    return {
      adapter: device.adapter,
      ...sizes,
      precision,
      method: bench.method,
      quantized: bench.quantized,
      checked: { rows: sample.rows.length, columns: sample.columns.length },
      rows: rows.map((row) => ({ ...row, best: isBest(row, rows) })),
      refused,
    };
  } finally {
    memory.dispose();
  }
}

function checkSizes(sizes: MatmulSizes): void {
  for (const name of ['m', 'n', 'k'] as const)
    if (!Number.isSafeInteger(sizes[name]) || sizes[name] < 1)
      throw new ArgumentError(`${name}: ${sizes[name]}, must be an integer from 1`);
}

const isBest = (row: KernelRow, rows: readonly KernelRow[]): boolean =>
  rows.find(({ form, median }) => form === row.form && median < row.median) === undefined;

/** To a program the names of resources are only names. */
const PLACES = { a: 'parameters', b: 'input', c: 'output' } as const satisfies Record<string, Resource>;

/** The operands on the device and what is done with them. */
class Bench {
  quantized = false;
  private readonly machine: Machine;

  private constructor(
    private readonly device: Device,
    private readonly memory: Memory,
    private readonly sizes: MatmulSizes,
    private readonly buffers: Record<keyof typeof PLACES, GPUBuffer>,
    readonly precision: NumberType,
    /** As they are in memory. */
    readonly a: Float32Array<ArrayBuffer>,
    readonly b: Float32Array<ArrayBuffer>,
  ) {
    this.machine = { device, memory, pipelines: pipelinesOf(device) };
  }

  static async create(device: Device, memory: Memory, sizes: MatmulSizes, precision: NumberType): Promise<Bench> {
    const { m, n, k } = sizes;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const make = (label: string, count: number, type: NumberType = 'f32') =>
      memory.create({ label, bytes: bytesOf([count], type), usage, remedy: REMEDY });
    // Before the host's own arrays: what does not fit is said here.
    const buffers = { a: make('a', m * k, precision), b: make('b', k * n, precision), c: make('c', m * n) };
    await memory.settled();
    const [a, b] = [operand(1, m * k, precision), operand(2, k * n, precision)];
    for (const [buffer, values] of [
      [buffers.a, a],
      [buffers.b, b],
    ] as const)
      device.gpu.queue.writeBuffer(
        buffer,
        0,
        precision === 'f16' ? inWords(Uint16Array.from(values, halfBits)) : values,
      );
    return new Bench(device, memory, sizes, buffers, precision, a, b);
  }

  get method(): KernelReport['method'] {
    return this.device.features.has('timestamp-query') && !this.quantized ? 'timestamps' : 'repetition';
  }

  async measure(candidate: PlacedCandidate, want: Product): Promise<KernelRow | RefusedKernel> {
    const { variant, kernel, form } = candidate;
    const dispatch = this.dispatch(kernel, form);
    const refuse = (reason: string): RefusedKernel => ({ variant, form, kernel: kernel.name, reason });
    const program = await this.program(dispatch).catch((error: unknown) => {
      if (error instanceof ShaderError) return refuse(error.message);
      throw error;
    });
    if (!(program instanceof Program)) return program;
    const worst = worstOf(want, await this.run(program));
    if (worst.ratio > 1) return refuse(wrongText(worst));
    const { samples, calls } = await this.time(program);
    const { grid, workgroup, flops, bytes } = dispatch;
    const middle = median(samples);
    return {
      variant,
      form,
      kernel: kernel.name,
      grid: [grid[0], grid[1], grid[2]],
      workgroup: [workgroup, 1, 1],
      calls,
      samples,
      median: middle,
      p95: quantile(samples, 0.95),
      ...rates(flops, bytes, middle),
      worst: worst.ratio,
      best: false,
      default: candidate.default,
    };
  }

  private dispatch(kernel: Kernel<MatmulShape>, form: MatmulForm): Dispatch {
    const tensor = (name: keyof typeof PLACES, count: number, type: NumberType = 'f32'): Tensor => ({
      name,
      shape: [count],
      bytes: bytesOf([count], type),
      ...(type === 'f16' && { type }),
      place: { kind: 'resource', resource: PLACES[name], offset: 0 },
    });
    const { m, n, k } = this.sizes;
    const { precision } = this;
    const shape = shapeOf(this.sizes, form, precision);
    const [a, b, c] = [tensor('a', m * k, precision), tensor('b', k * n, precision), tensor('c', m * n)];
    return dispatchOf(kernel, shape, { a, b, c }, form);
  }

  private program(dispatch: Dispatch): Promise<Program> {
    const { a, b, c } = this.buffers;
    const plan = { name: dispatch.kernel, dispatches: [dispatch], losses: [], lossBytes: 0, scratch: [] };
    return Program.create(this.machine, plan, { [PLACES.a]: a, [PLACES.b]: b, [PLACES.c]: c }, REMEDY);
  }

  /** C, computed once. What the variant before left there is gone: an element that this one forgets is seen. */
  private async run(program: Program): Promise<Float32Array> {
    const { c } = this.buffers;
    const label = program.plan.name;
    await watched(this.device, `kernel ${label}`, () => {
      const encoder = this.device.gpu.createCommandEncoder({ label });
      encoder.clearBuffer(c);
      const pass = encoder.beginComputePass({ label });
      program.encode(pass);
      pass.end();
      this.device.gpu.queue.submit([encoder.finish()]);
    });
    return new Float32Array(await readBuffer(this.device, this.memory, c, c.size));
  }

  private async time(program: Program): Promise<DispatchTimes> {
    if (this.method === 'timestamps') {
      const times = await this.byTimestamps(program);
      if (times) return times;
      this.quantized = true;
    }
    const encode = (encoder: GPUCommandEncoder, times: number) => {
      const pass = encoder.beginComputePass();
      program.encodeDispatch(pass, 0, times);
      pass.end();
    };
    const { samples, times } = await timeRepeated(this.device, encode, { samples: REPETITION_SAMPLES });
    return { samples, calls: samples.length * times };
  }

  /** @returns null where the timestamps are too coarse */
  private async byTimestamps(program: Program): Promise<DispatchTimes | null> {
    // Warm it is already: it has been checked.
    const about = Math.max(1, Math.min(...samplesOf(await this.passes(program, 3, 3))));
    const calls = Math.max(LEAST_CALLS, Math.min(MOST_CALLS, Math.floor(ROW_US / about)));
    const aSubmit = Math.max(1, Math.min(calls, Math.floor(SUBMIT_US / about)));
    const passes = await this.passes(program, calls, aSubmit);
    return isQuantized(passes) ? null : { samples: samplesOf(passes), calls };
  }

  private async passes(program: Program, calls: number, aSubmit: number): Promise<PassTime[][]> {
    const { gpu } = this.device;
    const timestamps = await Timestamps.create(this.device, this.memory, aSubmit, Math.ceil(calls / aSubmit));
    try {
      for (let done = 0; done < calls; done += aSubmit) {
        const count = Math.min(aSubmit, calls - done);
        await watched(this.device, `kernel ${program.plan.name}`, () => {
          const encoder = gpu.createCommandEncoder({ label: program.plan.name });
          for (let index = 0; index < count; index++) {
            const pass = timestamps.beginPass(encoder, program.plan.name, index);
            program.encodeDispatch(pass, 0);
            pass.end();
          }
          timestamps.resolve(encoder, count);
          gpu.queue.submit([encoder.finish()]);
        });
      }
      return await timestamps.read();
    } finally {
      timestamps.dispose();
    }
  }
}

/** writeBuffer takes whole words. */
function inWords(halves: Uint16Array): Uint16Array<ArrayBuffer> {
  const padded = new Uint16Array(halves.length + (halves.length % 2));
  padded.set(halves);
  return padded;
}

/** Microseconds. */
const samplesOf = (submits: PassTime[][]): number[] => submits.flat().map(({ begin, end }) => (end - begin) / 1000);

function wrongText({ row, column, got, want, ratio }: Worst): string {
  const times = Number.isFinite(ratio) ? `${ratio.toPrecision(2)} times` : 'without bound';
  return `wrong: c[${row}, ${column}] is ${got}, must be ${want}; off by ${times} what f32 allows`;
}
