// Steps that leave no trace: a trainer's means of training, lent to work that is undone afterwards. For the profiler; what a
// trainer does in earnest is in train/trainer.ts, which also sees to it that nobody else trains meanwhile.
import { allOf, workDone } from '../../gpu/faults.js';
import type { Machine } from '../../gpu/program.js';
import type { Stepper } from './stepper.js';

/**
 * Runs `work` on the stepper. What it does is undone at its end, or whenever it calls `restore`: the buffers of `state`
 * and the count of steps are then what they were.
 * @param state every buffer that a step changes and a later step reads, but for the stepper's own
 * @throws DeviceError if there is no memory for a copy of it
 */
export async function lendStepper<T>(
  { device, memory: whole }: Machine,
  stepper: Stepper,
  state: readonly GPUBuffer[],
  work: (stepper: Stepper, restore: () => void) => Promise<T>,
): Promise<T> {
  const { step } = stepper;
  const scaling = await stepper.scaling();
  const memory = whole.part();
  const copies: GPUBuffer[] = [];
  const copyAll = (from: readonly GPUBuffer[], to: readonly GPUBuffer[]) => {
    memory.watch("a copy of a trainer's state", () => {
      const encoder = device.gpu.createCommandEncoder({ label: "a trainer's state" });
      for (const [index, source] of from.entries()) {
        const target = to[index];
        if (target) encoder.copyBufferToBuffer(source, 0, target, 0, source.size);
      }
      device.gpu.queue.submit([encoder.finish()]);
    });
  };
  const restore = () => {
    copyAll(copies, state);
    stepper.rewind(step, scaling);
  };
  try {
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const remedy = 'Use narrower layers to profile.';
    for (const { size } of state) copies.push(memory.create({ label: 'saved state', bytes: size, usage, remedy }));
    await memory.settled();
    copyAll(state, copies);
    await memory.settled();
    try {
      return await work(stepper, restore);
    } finally {
      restore();
      await allOf([memory.settled(), stepper.settled(), workDone(device)]);
    }
  } finally {
    memory.dispose();
  }
}
