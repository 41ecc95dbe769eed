// Passes through half of a model, on values that the host hands over: images to codes, codes to images. Plans and buffers
// for a number of rows are made when they are first needed, and kept.
import { allOf } from '../../gpu/faults.js';
import type { Memory } from '../../gpu/memory.js';
import { type Machine, Program } from '../../gpu/program.js';
import type { SplitBuffer } from '../../gpu/split-buffer.js';
import { type ReadCopy, Staging } from '../../gpu/transfer.js';
import { decoderGraph, encoderGraph } from '../../graph/build.js';
import { F32_BYTES, f32Bytes } from '../../kernels/kernel.js';
import type { ModelSpec } from '../../model/spec.js';
import { footprint } from '../../plan/footprint.js';
import type { Layout } from '../../plan/layout.js';
import type { ChooseMatmul } from '../../plan/lowering/call.js';
import { makePlan } from '../../plan/make.js';
import type { Plan } from '../../plan/plan.js';
import type { Feed } from './feed.js';

/** Fewer rows than these go through half a model together, as the next power of two. */
const FEW_ROWS = 128;
/** More go as powers of two up to this, where as many fit into MOST_BYTES: each pass more costs a wait for the one before. */
const MOST_ROWS = 512;
const MOST_BYTES = 2 ** 25;

/** The host hands over the rows of one while the GPU has those of the other. */
const PASSES_IN_FLIGHT = 2;

export type HalfName = 'encoder' | 'decoder';

const GRAPHS = { encoder: encoderGraph, decoder: decoderGraph };

/** What the halves of a model are made of. */
export interface HalvesOptions {
  machine: Machine;
  spec: ModelSpec;
  layout: Layout;
  choose: ChooseMatmul;
  /** Laid out as `layout` says. */
  parameters: SplitBuffer;
}

/** A pass through half of the model for a fixed number of rows. */
interface Half {
  program: Program;
  input: GPUBuffer;
  output: GPUBuffer;
  outputColumns: number;
}

/** Rows `first .. first + count` and the pass that takes them. */
interface Part {
  half: Half;
  first: number;
  count: number;
}

/** Rows `first .. first + count` of a half's output; the buffer begins with the first of them. */
export interface RowsOnGpu {
  buffer: GPUBuffer;
  first: number;
  count: number;
}

/** Encodes what follows the pass that made the rows; another pass overwrites them. */
export type UseOnGpu = (encoder: GPUCommandEncoder, rows: RowsOnGpu) => void;

export class Halves {
  private readonly made = new Map<string, Promise<Half>>();

  constructor(private readonly options: HalvesOptions) {}

  /**
   * @param finish what becomes of some rows of the output, in their place
   * @returns [n, the half's output]
   */
  async run(
    which: HalfName,
    feed: Feed,
    finish: (rows: Float32Array) => Float32Array = (rows) => rows,
  ): Promise<Float32Array> {
    const parts = await this.parts(which, feed);
    const { output, outputColumns: columns = 0 } = parts[0]?.half ?? {};
    const whole = new Float32Array(feed.count * columns);
    const { device, memory } = this.options.machine;
    const own = memory.part();
    const remedy = 'Ask for less at a time.';
    const staging = new Staging(device, own, { label: which, bytes: output?.size ?? 0, remedy });
    const pending: Promise<void>[] = [];
    try {
      for (const part of parts) {
        const read = this.passAndRead(part, feed, own, staging);
        pending.push(read((bytes) => whole.set(finish(new Float32Array(bytes)), part.first * columns)));
        if (pending.length >= PASSES_IN_FLIGHT) await pending.shift();
      }
      await allOf(pending);
    } finally {
      await Promise.allSettled(pending);
      own.dispose();
    }
    return whole;
  }

  /** As `run`, but what comes out stays on the GPU: `use` says what is done with it there. All within one task. */
  async runOnGpu(which: HalfName, feed: Feed, use: UseOnGpu): Promise<void> {
    const parts = await this.parts(which, feed);
    const own = this.options.machine.memory.part();
    try {
      for (const { half, first, count } of parts)
        this.pass(half, feed.take(first, count), own, (encoder) => use(encoder, { buffer: half.output, first, count }));
      await own.settled();
    } finally {
      own.dispose();
    }
  }

  private async parts(which: HalfName, { count: rows, columns }: Feed): Promise<Part[]> {
    const parts: Part[] = [];
    const most = rows > FEW_ROWS ? this.mostRows(which, columns) : FEW_ROWS;
    for (let first = 0; first < rows; ) {
      const left = rows - first;
      const made = left < FEW_ROWS ? 2 ** Math.ceil(Math.log2(left)) : Math.min(most, 2 ** Math.floor(Math.log2(left)));
      const count = Math.min(made, left);
      parts.push({ half: await this.half(which, made, columns), first, count });
      first += count;
    }
    return parts;
  }

  private mostRows(which: HalfName, columns: number): number {
    const { plan, outputColumns } = this.plan(which, FEW_ROWS);
    const fitting = MOST_BYTES / (footprint(plan).activations / FEW_ROWS + F32_BYTES * (columns + outputColumns));
    return Math.min(MOST_ROWS, Math.max(FEW_ROWS, 2 ** Math.floor(Math.log2(fitting))));
  }

  private plan(which: HalfName, rows: number): { plan: Plan; outputColumns: number } {
    const { spec, layout, choose } = this.options;
    const graph = GRAPHS[which](spec, rows);
    const name = `${which} ${rows}`;
    const plan = makePlan(name, graph, { layout, rows, imageBytes: 0, metricsCapacity: 0, choose, fuse: true });
    return { plan, outputColumns: graph.output?.shape[1] ?? 0 };
  }

  /** The copy is submitted with the pass: no other call comes between them. */
  private passAndRead({ half, first, count }: Part, feed: Feed, memory: Memory, staging: Staging): ReadCopy {
    const { output: buffer, outputColumns } = half;
    const bytes = count * outputColumns * F32_BYTES;
    return this.pass(half, feed.take(first, count), memory, (encoder) => staging.copy(encoder, { buffer, bytes }));
  }

  /** Rows past those of `values` keep what an earlier call left there. @param memory tells what the device has against it */
  private pass<T>(
    { program, input }: Half,
    values: Float32Array<ArrayBuffer>,
    memory: Memory,
    after: (encoder: GPUCommandEncoder) => T,
  ): T {
    const { gpu } = this.options.machine.device;
    const { name: label } = program.plan;
    return memory.watch(`a pass through ${label}`, () => {
      gpu.queue.writeBuffer(input, 0, values);
      const encoder = gpu.createCommandEncoder({ label });
      const pass = encoder.beginComputePass({ label });
      program.encode(pass);
      pass.end();
      const following = after(encoder);
      gpu.queue.submit([encoder.finish()]);
      return following;
    });
  }

  private half(which: HalfName, rows: number, columns: number): Promise<Half> {
    const key = `${which} ${rows}`;
    const known = this.made.get(key);
    if (known) return known;
    const making = this.make(which, rows, columns);
    this.made.set(key, making);
    // One that could not be made is tried again by the next call.
    making.catch(() => this.made.delete(key));
    return making;
  }

  private async make(which: HalfName, rows: number, columns: number): Promise<Half> {
    const { machine, parameters } = this.options;
    const memory = machine.memory.part();
    const { plan, outputColumns } = this.plan(which, rows);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const remedy = 'Use narrower layers.';
    const buffer = (label: string, width: number) =>
      memory.create({ label: `${plan.name} ${label}`, bytes: f32Bytes([rows, width]), usage, remedy });
    try {
      const [input, output] = [buffer('input', columns), buffer('output', outputColumns)];
      await memory.settled();
      const program = await Program.create({ ...machine, memory }, plan, { parameters, input, output }, remedy);
      return { program, input, output, outputColumns };
    } catch (error) {
      memory.dispose();
      throw error;
    }
  }
}
