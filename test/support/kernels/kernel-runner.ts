// Runs one kernel once, through the engine's own descriptors, pipelines and bind groups, on buffers that the test fills.
// Every buffer has poison around it: a kernel that reads beyond an input computes nonsense, one that writes beyond an
// output is caught here, and an element that it forgot stays poison.
import { Memory } from '../../../src/gpu/memory.js';
import { Pipelines } from '../../../src/gpu/pipelines.js';
import { Program } from '../../../src/gpu/program.js';
import { readBuffer } from '../../../src/gpu/transfer.js';
import type { Kernel } from '../../../src/kernels/kernel.js';
import { dispatchOf } from '../../../src/plan/lowering/call.js';
import type { Dispatch, Resource, Tensor } from '../../../src/plan/plan.js';
import { device } from '../device.js';
import { provideAllLayers } from '../models/layers.js';

provideAllLayers();

/** What a binding holds before the kernel runs; a number asks for an output of so many 4-byte elements. 16-bit ones are f16. */
export type Content = Float32Array | Uint32Array | Uint16Array | ArrayBuffer | number;

/** 1e38 as f32: finite, so that no adapter treats it specially, and far from every true result. */
const POISON = 0x7e967699;
/** Bytes of poison before and after each tensor; also what a binding's offset must be a multiple of. */
const GUARD = 256;
const GUARD_WORDS = GUARD / 4;

const memory = new Memory(device);
/** Of the device under test. */
export const pipelines = new Pipelines(device);

// A kernel's bindings take the places of the plan's resources in this order; to a program they are only names.
const PLACES: Resource[] = [
  'parameters',
  'gradients',
  'moment1',
  'moment2',
  'losses',
  'metrics',
  'input',
  'output',
  'images',
  'labels',
  'counters',
];

/** What a kernel left in the buffers that it may write. */
export class Results {
  constructor(private readonly words: Map<string, Uint32Array>) {}

  u32(name: string): Uint32Array {
    const found = this.words.get(name);
    if (!found) throw new Error(`the kernel writes no "${name}"`);
    return found;
  }

  f32(name: string): Float32Array {
    const words = this.u32(name);
    return new Float32Array(words.buffer, words.byteOffset, words.length);
  }

  /** Bits; in whole words. */
  f16(name: string): Uint16Array {
    const words = this.u32(name);
    return new Uint16Array(words.buffer, words.byteOffset, 2 * words.length);
  }
}

/** Runs `kernel` once with `contents` bound by name. */
export async function runKernel<S>(
  kernel: Kernel<S>,
  shape: S,
  contents: Record<string, Content>,
  by: Pipelines = pipelines,
): Promise<Results> {
  const buffers = Object.entries(contents).map(([name, content], index) => {
    const place = PLACES[index];
    if (!place) throw new Error(`${kernel.name} has more bindings than places`);
    return poisonedBuffer(name, kernel.bindings[name] === 'uniform', content, place);
  });
  const tensors = Object.fromEntries(buffers.map(({ tensor }) => [tensor.name, tensor]));
  const resources = Object.fromEntries(buffers.map(({ place, buffer }) => [place, buffer]));
  const dispatch = dispatchOf(kernel, shape, tensors, 'test');
  try {
    const plan = { name: 'test', dispatches: [dispatch], losses: [], lossBytes: 0, scratch: [] };
    const program = await Program.create({ device, memory, pipelines: by }, plan, resources, 'Test something smaller.');
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    program.encode(pass);
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);
    return await read(dispatch, buffers);
  } finally {
    for (const { buffer } of buffers) memory.destroy(buffer);
  }
}

interface Poisoned {
  tensor: Tensor;
  place: Resource;
  buffer: GPUBuffer;
  words: number;
}

function poisonedBuffer(name: string, uniform: boolean, content: Content, place: Resource): Poisoned {
  const given = typeof content === 'number' ? new Uint32Array(content).fill(POISON) : wordsOf(content);
  const all = new Uint32Array(GUARD_WORDS + given.length + GUARD_WORDS).fill(POISON);
  all.set(given, GUARD_WORDS);
  const usage = uniform ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  const buffer = memory.create({
    label: name,
    bytes: all.byteLength,
    usage: usage | GPUBufferUsage.COPY_DST,
    remedy: 'Test something smaller.',
  });
  device.gpu.queue.writeBuffer(buffer, 0, all);
  // The binding covers the guard behind the tensor: a write there must land in it, not be clamped into the tensor.
  const bytes = given.byteLength + (uniform ? 0 : GUARD);
  const tensor: Tensor = {
    name,
    shape: [given.length],
    bytes,
    ...(content instanceof Uint16Array && { type: 'f16' }),
    place: { kind: 'resource', resource: place, offset: GUARD },
  };
  return { tensor, place, buffer, words: given.length };
}

function wordsOf(content: Exclude<Content, number>): Uint32Array {
  if (content instanceof Uint16Array) {
    const padded = new Uint16Array(2 * Math.ceil(content.length / 2));
    padded.set(content);
    return new Uint32Array(padded.buffer);
  }
  return content instanceof ArrayBuffer
    ? new Uint32Array(content)
    : new Uint32Array(content.buffer, content.byteOffset, content.length);
}

async function read(dispatch: Dispatch, buffers: Poisoned[]): Promise<Results> {
  const results = new Map<string, Uint32Array>();
  for (const { tensor, buffer, words } of buffers) {
    const access = dispatch.bindings.find((binding) => binding.tensor === tensor)?.access;
    if (access !== 'write' && access !== 'read_write') continue;
    const all = new Uint32Array(await readBuffer(device, memory, buffer, buffer.size));
    const stray = all.findIndex((word, at) => word !== POISON && (at < GUARD_WORDS || at >= GUARD_WORDS + words));
    if (stray >= 0)
      throw new Error(
        `${dispatch.kernel} wrote to element ${stray - GUARD_WORDS} of "${tensor.name}", which has ${words}`,
      );
    results.set(tensor.name, all.subarray(GUARD_WORDS, GUARD_WORDS + words));
  }
  return new Results(results);
}
