// Passes through half of a model, on values that the host hands over: images to codes, codes to images. Plans and buffers
// for a number of rows are made when they are first needed, and kept.
import { allOf, watched } from '../gpu/faults.js';
import { type Machine, Program } from '../gpu/program.js';
import type { SplitBuffer } from '../gpu/split-buffer.js';
import { readBuffer } from '../gpu/transfer.js';
import { decoderGraph, encoderGraph } from '../graph/build.js';
import { F32_BYTES, f32Bytes } from '../kernels/kernel.js';
import type { ModelSpec } from '../model/spec.js';
import type { ChooseMatmul } from '../plan/call.js';
import type { Layout } from '../plan/layout.js';
import { makePlan } from '../plan/make.js';

/** Rows that go through half a model at once; fewer rows use the next power of two. */
export const MAX_ROWS = 128;

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
   * @param values [n, columns], any n
   * @returns [n, the half's output]
   */
  async run(which: HalfName, values: Float32Array, columns: number): Promise<Float32Array> {
    const { device, memory } = this.options.machine;
    const parts = await this.parts(which, values, columns);
    const outputColumns = parts[0]?.half.outputColumns ?? 0;
    const whole = new Float32Array((values.length / columns) * outputColumns);
    const pending: Promise<void>[] = [];
    try {
      for (const { half, values: some, first, count } of parts) {
        // Both are submitted within this task: no other call comes between them.
        const passed = this.pass(half, some);
        const read = readBuffer(device, memory, half.output, count * outputColumns * F32_BYTES);
        pending.push(
          allOf([passed, read]).then(([, bytes]) => whole.set(new Float32Array(bytes), first * outputColumns)),
        );
        if (pending.length >= PASSES_IN_FLIGHT) await pending.shift();
      }
      await allOf(pending);
    } finally {
      await Promise.allSettled(pending);
    }
    return whole;
  }

  /** As `run`, but what comes out stays on the GPU: `use` says what is done with it there. All within one task. */
  async runOnGpu(which: HalfName, values: Float32Array, columns: number, use: UseOnGpu): Promise<void> {
    const parts = await this.parts(which, values, columns);
    const passes = parts.map(({ half, values: some, first, count }) =>
      this.pass(half, some, (encoder) => use(encoder, { buffer: half.output, first, count })),
    );
    await allOf(passes);
  }

  private async parts(which: HalfName, values: Float32Array, columns: number) {
    const rows = values.length / columns;
    const parts = [];
    for (let first = 0; first < rows; first += MAX_ROWS) {
      const count = Math.min(MAX_ROWS, rows - first);
      const half = await this.half(which, 2 ** Math.ceil(Math.log2(count)), columns);
      parts.push({ half, values: values.subarray(first * columns, (first + count) * columns), first, count });
    }
    return parts;
  }

  /** Rows past those of `values` keep what an earlier call left there. */
  private pass(
    { program, input }: Half,
    values: Float32Array,
    after: (encoder: GPUCommandEncoder) => void = () => undefined,
  ): Promise<void> {
    const { device } = this.options.machine;
    const { name: label } = program.plan;
    return watched(device, `a pass through ${label}`, () => {
      device.gpu.queue.writeBuffer(input, 0, Float32Array.from(values));
      const encoder = device.gpu.createCommandEncoder({ label });
      const pass = encoder.beginComputePass({ label });
      program.encode(pass);
      pass.end();
      after(encoder);
      device.gpu.queue.submit([encoder.finish()]);
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
    const { machine, spec, layout, choose, parameters } = this.options;
    const memory = machine.memory.part();
    const graph = GRAPHS[which](spec, rows);
    const name = `${which} ${rows}`;
    const plan = makePlan(name, graph, { layout, rows, imageBytes: 0, metricsCapacity: 0, choose, fuse: true });
    const outputColumns = graph.output?.shape[1] ?? 0;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const remedy = 'Use narrower layers.';
    const buffer = (label: string, width: number) =>
      memory.create({ label: `${name} ${label}`, bytes: f32Bytes([rows, width]), usage, remedy });
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
