// The device's limits, measured: arithmetic, memory, and what a dispatch costs by itself. Each is the best of several
// tries: a limit is what was reached at all. Takes about a second.
import type { Device } from '../gpu/device.js';
import { Memory } from '../gpu/memory.js';
import { pipelinesOf } from '../gpu/pipelines.js';
import { type Machine, Program } from '../gpu/program.js';
import { timeRepeated } from '../gpu/repeat.js';
import { copyBandwidth, dependent, empty, fma, lanesOf, readBandwidth, writeBandwidth } from '../kernels/ceilings.js';
import { F32_BYTES, type Kernel } from '../kernels/kernel.js';
import { dispatchOf } from '../plan/lowering/call.js';
import type { Dispatch, Resource, Tensor } from '../plan/plan.js';
import type { Ceilings } from './report.js';

const QUAD_BYTES = 4 * F32_BYTES;

/** How much work shows a device at its best. */
interface Effort {
  groups: number;
  iterations: number;
  bytes: number;
  /** Workgroups that walk over the bytes. */
  walkers: number;
}

// Large enough for the largest GPU, and far from its caches; the CPU is full much sooner.
const HARDWARE: Effort = { groups: 4096, iterations: 2048, bytes: 512 * 2 ** 20, walkers: 4096 };
const SOFTWARE: Effort = { groups: 64, iterations: 512, bytes: 64 * 2 ** 20, walkers: 1024 };

const MOST_DISPATCHES = 4096;
const MOST_PASSES = 512;
const SAMPLES = 8;

/**
 * Measures what the device can do: multiply-adds, memory, dispatches.
 * @throws DeviceError if the device fails on the way
 */
export async function measureCeilings(device: Device): Promise<Ceilings> {
  const memory = new Memory(device);
  const machine = { device, memory, pipelines: pipelinesOf(device) };
  const effort = device.adapter.software ? SOFTWARE : HARDWARE;
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const bytes = Math.min(effort.bytes, maxBufferSize, maxStorageBufferBindingSize);
  const quads = Math.floor(bytes / QUAD_BYTES);
  const { groups, iterations, walkers } = effort;
  try {
    const buffers = makeBuffers(memory, quads * QUAD_BYTES, lanesOf(Math.max(groups, walkers)) * F32_BYTES);
    await memory.settled();
    device.gpu.queue.writeBuffer(buffers.factor.buffer, 0, new Float32Array(4).fill(0.5));
    const compute = await bind(machine, fma, { groups, iterations }, buffers);
    const shape = { groups: walkers, quads };
    const read = await bind(machine, readBandwidth, shape, buffers);
    const write = await bind(machine, writeBandwidth, shape, buffers);
    const copy = await bind(machine, copyBandwidth, shape, buffers);
    const nothing = await bind(machine, empty, {}, buffers);
    const waiting = await bind(machine, dependent, {}, buffers);
    return {
      fmaGflops: compute.dispatch.flops / 1000 / (await bestTime(device, compute.program)),
      readGbs: read.dispatch.bytes / 1000 / (await bestTime(device, read.program)),
      writeGbs: write.dispatch.bytes / 1000 / (await bestTime(device, write.program)),
      copyGbs: copy.dispatch.bytes / 1000 / (await bestTime(device, copy.program)),
      dispatchUs: await bestTime(device, nothing.program, MOST_DISPATCHES),
      dependentUs: await bestTime(device, waiting.program, MOST_DISPATCHES),
      passUs: await timePasses(device, nothing.program),
    };
  } finally {
    memory.dispose();
  }
}

/** The first of them alone, in GFLOP/s. */
export async function measureMultiplyAdd(device: Device): Promise<number> {
  const memory = new Memory(device);
  const machine = { device, memory, pipelines: pipelinesOf(device) };
  const { groups, iterations } = device.adapter.software ? SOFTWARE : HARDWARE;
  try {
    const buffers = makeBuffers(memory, QUAD_BYTES, lanesOf(groups) * F32_BYTES);
    await memory.settled();
    device.gpu.queue.writeBuffer(buffers.factor.buffer, 0, new Float32Array(4).fill(0.5));
    const { dispatch, program } = await bind(machine, fma, { groups, iterations }, buffers);
    return dispatch.flops / 1000 / (await bestTime(device, program));
  } finally {
    memory.dispose();
  }
}

interface Buffers {
  source: Owned;
  target_buffer: Owned;
  factor: Owned;
  out: Owned;
}

interface Owned {
  buffer: GPUBuffer;
  /** To a program the names of resources are only names. */
  resource: Resource;
}

function makeBuffers(memory: Memory, large: number, lanes: number): Buffers {
  const make = (resource: Resource, label: string, bytes: number): Owned => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    return { buffer: memory.create({ label, bytes, usage, remedy: 'Close other programs.' }), resource };
  };
  return {
    source: make('input', 'bandwidth source', large),
    target_buffer: make('output', 'bandwidth target', large),
    factor: make('settings', 'factor', QUAD_BYTES),
    out: make('metrics', 'results', lanes),
  };
}

async function bind<S>(
  machine: Machine,
  kernel: Kernel<S>,
  shape: S,
  buffers: Buffers,
): Promise<{ program: Program; dispatch: Dispatch }> {
  const entries = Object.entries(buffers) as [keyof Buffers, Owned][];
  const tensors = entries.map(([name, { buffer, resource }]): [string, Tensor] => [
    name,
    { name, shape: [buffer.size / F32_BYTES], bytes: buffer.size, place: { kind: 'resource', resource, offset: 0 } },
  ]);
  const dispatch = dispatchOf(kernel, shape, Object.fromEntries(tensors), 'ceiling');
  const resources = Object.fromEntries(entries.map(([, { buffer, resource }]) => [resource, buffer]));
  const plan = { name: kernel.name, dispatches: [dispatch], losses: [], lossBytes: 0, scratch: [] };
  return { dispatch, program: await Program.create(machine, plan, resources, '') };
}

/** Microseconds a dispatch, in one pass with its repetitions. */
async function bestTime(device: Device, program: Program, most?: number): Promise<number> {
  const { samples } = await timeRepeated(
    device,
    (encoder, times) => {
      const pass = encoder.beginComputePass();
      program.encodeDispatch(pass, 0, times);
      pass.end();
    },
    { samples: SAMPLES, ...(most !== undefined && { most }) },
  );
  return Math.min(...samples);
}

/** Microseconds a dispatch, each in a pass of its own. */
async function timePasses(device: Device, program: Program): Promise<number> {
  const { samples } = await timeRepeated(
    device,
    (encoder, times) => {
      for (let i = 0; i < times; i++) {
        const pass = encoder.beginComputePass();
        program.encodeDispatch(pass, 0);
        pass.end();
      }
    },
    { samples: SAMPLES, most: MOST_PASSES },
  );
  return Math.min(...samples);
}
