// One matmul alone, in every variant that the device can run: first checked against the product in f64, then timed. The
// report is the table that a choice of the fastest chooses from; it chooses nothing itself. Called by `--kernel` of
// harness/profile.js and by pages. What is right and what is timed: product.ts, gpu/timestamps.ts, gpu/repeat.ts.
import { ArgumentError, ShaderError } from '../errors.js';
import type { AdapterSummary, Device } from '../gpu/device.js';
import { watched } from '../gpu/faults.js';
import { Memory } from '../gpu/memory.js';
import { pipelinesOf } from '../gpu/pipelines.js';
import { type Machine, Program } from '../gpu/program.js';
import { timeRepeated } from '../gpu/repeat.js';
import { isQuantized, type PassTime, Timestamps } from '../gpu/timestamps.js';
import { readBuffer } from '../gpu/transfer.js';
import { F32_BYTES, type Kernel } from '../kernels/kernel.js';
import { type MatmulShape, type MatmulVariant, matmulFor, matmulVariants } from '../kernels/matmul.js';
import { requireKnownKeys } from '../names.js';
import { dispatchOf } from '../plan/call.js';
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

export interface MatmulProfileOptions extends MatmulSizes {
  /** Names such as 'matmul_tiled' or 'tiled'; all that the device can run by default. */
  variants?: readonly string[];
  /** The name of one that comes before the others. */
  first?: string;
  /** All three by default. */
  forms?: readonly MatmulForm[];
  /** Told before each variant of each form is checked and timed: on software the largest take seconds. */
  onProgress?: (progress: KernelProgress) => void;
}

/** What comes next. */
export interface KernelProgress {
  variant: MatmulVariant;
  form: MatmulForm;
  kernel: string;
  /** From 1. */
  number: number;
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
  variant: MatmulVariant;
  form: MatmulForm;
  /** Largest error over what an f32 kernel may be off by: at most 1. */
  worst: number;
  /** The fastest of its form, by the median. */
  best: boolean;
}

/** A variant that was not timed, and why. */
export interface RefusedKernel {
  variant: MatmulVariant;
  form: MatmulForm;
  kernel: string;
  reason: string;
}

/** Plain JSON. */
export interface KernelReport extends MatmulSizes {
  adapter: AdapterSummary;
  method: 'timestamps' | 'repetition';
  /** The device has timestamps, but too coarse ones. */
  quantized: boolean;
  /** How many rows and columns of each result were compared with f64. */
  checked: { rows: number; columns: number };
  rows: KernelRow[];
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
 */
export async function profileMatmul(device: Device, options: MatmulProfileOptions): Promise<KernelReport> {
  requireKnownKeys(options, ['m', 'n', 'k', 'forms', 'first', 'variants', 'onProgress'], 'profileMatmul');
  const { m, n, k, forms = MATMUL_FORMS } = options;
  for (const form of forms) checkForm(form);
  const first = options.first === undefined ? [] : chosenVariants(device, [options.first]);
  const others = chosenVariants(device, options.variants).filter(({ name }) => name !== first[0]?.name);
  const variants = [...first, ...others];
  const candidates = variants.map((variant) => ({ variant, kernel: matmulFor({ m, n }, variant, 'plain') }));
  return profileCandidates(device, { m, n, k }, forms, candidates, options.onProgress);
}

function checkForm(form: string): void {
  if (!MATMUL_FORMS.some((known) => known === form))
    throw new ArgumentError(`form: "${form}", must be one of ${MATMUL_FORMS.join(', ')}`);
}

function chosenVariants(device: Device, names?: readonly string[]): MatmulVariant[] {
  const all = matmulVariants(device.adapter, device.features.has('subgroups'));
  if (!names) return all;
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

/** The same for any kernels that bind a, b and c. */
export async function profileCandidates(
  device: Device,
  sizes: MatmulSizes,
  forms: readonly MatmulForm[],
  candidates: readonly Candidate[],
  onProgress?: (progress: KernelProgress) => void,
): Promise<KernelReport> {
  checkSizes(sizes);
  const memory = new Memory(device);
  try {
    const bench = await Bench.create(device, memory, sizes);
    const sample = sampleOf(sizes);
    const rows: KernelRow[] = [];
    const refused: RefusedKernel[] = [];
    for (const form of forms) {
      const want = product(sizes, form, sample, bench.a, bench.b);
      for (const candidate of candidates) {
        const number = rows.length + refused.length + 1;
        const { variant, kernel } = candidate;
        onProgress?.({ variant, form, kernel: kernel.name, number, of: forms.length * candidates.length });
        const result = await bench.measure(candidate, form, want);
        if ('reason' in result) refused.push(result);
        else rows.push(result);
      }
    }
    return {
      adapter: device.adapter,
      ...sizes,
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
    readonly a: Float32Array<ArrayBuffer>,
    readonly b: Float32Array<ArrayBuffer>,
  ) {
    this.machine = { device, memory, pipelines: pipelinesOf(device) };
  }

  static async create(device: Device, memory: Memory, sizes: MatmulSizes): Promise<Bench> {
    const { m, n, k } = sizes;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const make = (label: string, count: number) =>
      memory.create({ label, bytes: count * F32_BYTES, usage, remedy: REMEDY });
    // Before the host's own arrays: what does not fit is said here.
    const buffers = { a: make('a', m * k), b: make('b', k * n), c: make('c', m * n) };
    await memory.settled();
    const [a, b] = [operand(1, m * k), operand(2, k * n)];
    device.gpu.queue.writeBuffer(buffers.a, 0, a);
    device.gpu.queue.writeBuffer(buffers.b, 0, b);
    return new Bench(device, memory, sizes, buffers, a, b);
  }

  get method(): KernelReport['method'] {
    return this.device.features.has('timestamp-query') && !this.quantized ? 'timestamps' : 'repetition';
  }

  async measure({ variant, kernel }: Candidate, form: MatmulForm, want: Product): Promise<KernelRow | RefusedKernel> {
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
    };
  }

  private dispatch(kernel: Kernel<MatmulShape>, form: MatmulForm): Dispatch {
    const tensor = (name: keyof typeof PLACES): Tensor => {
      const bytes = this.buffers[name].size;
      return {
        name,
        shape: [bytes / F32_BYTES],
        bytes,
        place: { kind: 'resource', resource: PLACES[name], offset: 0 },
      };
    };
    const shape: MatmulShape = { ...this.sizes, ...transposed(form), activation: 'identity' };
    return dispatchOf(kernel, shape, { a: tensor('a'), b: tensor('b'), c: tensor('c') }, form);
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

/** Microseconds. */
const samplesOf = (submits: PassTime[][]): number[] => submits.flat().map(({ begin, end }) => (end - begin) / 1000);

function wrongText({ row, column, got, want, ratio }: Worst): string {
  const times = Number.isFinite(ratio) ? `${ratio.toPrecision(2)} times` : 'without bound';
  return `wrong: c[${row}, ${column}] is ${got}, must be ${want}; off by ${times} what f32 allows`;
}
