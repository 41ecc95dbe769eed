// The matmuls of a plan as contests of src/gpu/tune.ts: what is run, on which operands, and why candidates must agree to the
// last bit. Called by tune-matmuls.ts.
import { halfBits } from '../data/files/half.js';
import type { Device } from '../gpu/device.js';
import { DispatchTimer } from '../gpu/dispatch-timer.js';
import { watched } from '../gpu/faults.js';
import type { Memory } from '../gpu/memory.js';
import { Pipelines } from '../gpu/pipelines.js';
import { type Machine, Program } from '../gpu/program.js';
import { readBuffer } from '../gpu/transfer.js';
import type { Contender, Contest } from '../gpu/tune.js';
import { type Part, trainingGraph } from '../graph/build.js';
import { parameterSpecs } from '../graph/layers.js';
import { bytesOf, F32_BYTES } from '../kernels/kernel.js';
import { defaultVariant, deviceFeatures, parseVariant, variantText } from '../kernels/matmul/candidates.js';
import { shapeText } from '../kernels/matmul/choices.js';
import { convolutionProducts, type ProductNumbers } from '../kernels/matmul/convolution-view.js';
import {
  type EpilogueName,
  type MatmulShape,
  type MatmulVariant,
  matmul,
  matmulFor,
} from '../kernels/matmul/matmul.js';
import type { NumberType } from '../kernels/stored.js';
import type { ModelSpec } from '../model/spec.js';
import { layoutOf } from '../plan/layout.js';
import { dispatchOf } from '../plan/lowering/call.js';
import { makePlan } from '../plan/make.js';
import type { Dispatch, Resource, Tensor } from '../plan/plan.js';
import { candidatesOn } from '../train/variants.js';

/** A matmul of a step, and how often it comes. */
export interface PlannedMatmul {
  shape: MatmulShape;
  calls: number;
}

/** Those of a training step: a plan is made, and asked for. A layer's own training has none but these. */
export function plannedMatmuls(
  device: Device,
  spec: ModelSpec,
  batch: number,
  precision: NumberType = 'f32',
  part: Part = 'whole',
): PlannedMatmul[] {
  const found = new Map<string, PlannedMatmul>();
  const sizes = { layout: layoutOf(parameterSpecs(spec)), rows: batch, imageBytes: 4, metricsCapacity: 1 };
  makePlan('tuning', trainingGraph(spec, batch, part), {
    ...sizes,
    ...(spec.classes !== undefined && { labelBytes: 4 }),
    fuse: true,
    precision,
    choose: (shape) => {
      const name = shapeText(shape);
      const before = found.get(name)?.calls ?? 0;
      found.set(name, { shape, calls: before + 1 });
      return defaultVariant(device.adapter, deviceFeatures(device.features), shape);
    },
  });
  return [...found.values()];
}

/** To a program the names of resources are only names. */
const PLACES = {
  a: 'parameters',
  b: 'input',
  'a as f16': 'halves',
  'b as f16': 'images',
  c: 'output',
  dbias: 'metrics',
} as const satisfies Record<string, Resource>;
type Place = keyof typeof PLACES;

/** Of the numbers of an operand. */
const SEEDS = { a: 1, b: 2 };
type Operand = keyof typeof SEEDS;
const REMEDY = 'Train without tuning.';

/** Whole numbers up to this in size, which f16 holds, too: sums of f32 are exact up to 2^24, whatever their order. */
const largestExact = (k: number): number => Math.max(1, Math.min(8, Math.floor(Math.sqrt(2 ** 24 / k))));

/** Candidates are not told apart by their epilogues, but for the one that sums the rows of A on the way. */
export const epilogueOf = ({ transposeA }: MatmulShape): EpilogueName => (transposeA ? 'weight_gradient' : 'plain');

/** Numbers of what a dispatch of this shape reads and writes. */
function numbersOf(shape: MatmulShape): ProductNumbers {
  const { m, n, k, view } = shape;
  if (view) return convolutionProducts.get().numbers({ ...shape, view });
  return { a: m * k, b: k * n, c: m * n, rows: m };
}

/** Operands on the device, large enough for every shape. */
export class TuneBench {
  private readonly machine: Machine;
  private readonly timer: DispatchTimer;

  private constructor(
    private readonly device: Device,
    memory: Memory,
    private readonly buffers: Record<Place, GPUBuffer>,
  ) {
    // Pipelines of its own: what loses is not kept.
    this.machine = { device, memory, pipelines: new Pipelines(device) };
    this.timer = new DispatchTimer(device, memory);
  }

  static async create(device: Device, memory: Memory, matmuls: readonly PlannedMatmul[]): Promise<TuneBench> {
    const most = (size: (shape: MatmulShape) => number) => Math.max(1, ...matmuls.map(({ shape }) => size(shape)));
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const make = (label: Place, count: number, type: NumberType = 'f32') =>
      memory.create({ label: `tuning ${label}`, bytes: bytesOf([count], type), usage, remedy: REMEDY });
    const ofType = (type: NumberType, at: 0 | 1) => (shape: MatmulShape) => {
      const { a, b } = numbersOf(shape);
      return (shape.types?.[at] ?? 'f32') !== type ? 0 : at === 0 ? a : b;
    };
    const buffers: Record<Place, GPUBuffer> = {
      a: make('a', most(ofType('f32', 0))),
      b: make('b', most(ofType('f32', 1))),
      'a as f16': make('a as f16', most(ofType('f16', 0)), 'f16'),
      'b as f16': make('b as f16', most(ofType('f16', 1)), 'f16'),
      c: make(
        'c',
        most((shape) => numbersOf(shape).c),
      ),
      dbias: make(
        'dbias',
        most((shape) => numbersOf(shape).rows),
      ),
    };
    await memory.settled();
    const largest = largestExact(most(({ k }) => k));
    for (const [name, seed] of Object.entries(SEEDS) as [Operand, number][]) {
      const [whole, half] = [buffers[name], buffers[`${name} as f16`]];
      device.gpu.queue.writeBuffer(whole, 0, wholeNumbers(seed, whole.size / F32_BYTES, largest));
      device.gpu.queue.writeBuffer(
        half,
        0,
        Uint16Array.from(wholeNumbers(seed, (2 * half.size) / F32_BYTES, largest), halfBits),
      );
    }
    return new TuneBench(device, memory, buffers);
  }

  /** Operands are whole numbers so small that no product or sum is rounded: every right candidate has the same bits. */
  contest({ shape, calls }: PlannedMatmul): Contest {
    const candidates = candidatesOn(this.device, shape);
    return {
      name: shapeText(shape),
      candidates: candidates.map(variantText),
      flops: 2 * shape.m * shape.n * shape.k * (shape.view ? convolutionProducts.get().count(shape.view) : 1),
      calls,
      tolerance: 0,
      make: (text) => this.contender(this.dispatch(parseVariant(text), shape)),
    };
  }

  /** Texts of all shaders that such a contest compiles, each once. */
  static shaders(candidates: readonly MatmulVariant[], shape: MatmulShape): string[] {
    const epilogue = epilogueOf(shape);
    const kernels = candidates.map((variant) =>
      shape.view ? matmulFor(shape, variant, epilogue) : matmul(variant, epilogue),
    );
    return [...new Set(kernels.flatMap(({ sources }) => sources.map(({ code }) => code)))];
  }

  private dispatch(variant: MatmulVariant, shape: MatmulShape): Dispatch {
    const { types = ['f32', 'f32'] } = shape;
    const numbers = numbersOf(shape);
    const tensor = (name: Place, count: number, type: NumberType = 'f32'): Tensor => ({
      name,
      shape: [count],
      bytes: bytesOf([count], type),
      ...(type === 'f16' && { type }),
      place: { kind: 'resource', resource: PLACES[name], offset: 0 },
    });
    const operand = (name: Operand, type: NumberType) =>
      tensor(type === 'f16' ? `${name} as f16` : name, numbers[name], type);
    const c = tensor('c', numbers.c);
    const [a, b] = [operand('a', types[0]), operand('b', types[1])];
    return dispatchOf(
      matmulFor(shape, variant, epilogueOf(shape)),
      shape,
      { a, b, c, dw: c, dbias: tensor('dbias', numbers.rows) },
      shapeText(shape),
    );
  }

  private async contender(dispatch: Dispatch): Promise<Contender> {
    const plan = { name: dispatch.kernel, dispatches: [dispatch], losses: [], lossBytes: 0, scratch: [] };
    const resources = Object.fromEntries(
      Object.entries(this.buffers).map(([name, buffer]) => [PLACES[name as Place], buffer]),
    );
    const program = await Program.create(this.machine, plan, resources, REMEDY);
    return { result: () => this.run(program), time: (count) => this.timer.time(program, count) };
  }

  /** What it writes. What another wrote before is gone: an element that this one forgets is seen. */
  private async run(program: Program): Promise<Float32Array> {
    const { device, memory } = this.machine;
    const { buffers } = this;
    const label = program.plan.name;
    await watched(device, `kernel ${label}`, () => {
      const encoder = device.gpu.createCommandEncoder({ label });
      encoder.clearBuffer(buffers.c);
      encoder.clearBuffer(buffers.dbias);
      const pass = encoder.beginComputePass({ label });
      program.encode(pass);
      pass.end();
      device.gpu.queue.submit([encoder.finish()]);
    });
    const written = (program.plan.dispatches[0]?.bindings ?? []).filter(({ access }) => access === 'write');
    const parts: Float32Array[] = [];
    for (const { name, tensor } of written) {
      const buffer = name === 'dbias' ? buffers.dbias : buffers.c;
      parts.push(new Float32Array(await readBuffer(device, memory, buffer, tensor.bytes)));
    }
    const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** From -largest to largest, by a hash of the index: quick, and no pattern that a wrong index would repeat. */
function wholeNumbers(seed: number, count: number, largest: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let word = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    values[i] = ((word >>> 8) % (2 * largest + 1)) - largest;
  }
  return values;
}
