// How long a program's first dispatch takes: by timestamps, one pass a run, or by repetition where there are none or they are
// rounded.
import type { Device } from './device.js';
import { watched } from './faults.js';
import type { Memory } from './memory.js';
import type { Program } from './program.js';
import { timeRepeated } from './repeat.js';
import { isQuantized, Timestamps } from './timestamps.js';

/** A measurement by repetition; short, as many are made. */
const REPEAT_MS = 5;

export class DispatchTimer {
  private coarse = false;

  constructor(
    private readonly device: Device,
    private readonly memory: Memory,
  ) {}

  /** @returns microseconds of each of `count` runs; by repetition, of means of several */
  async time(program: Program, count: number): Promise<number[]> {
    if (this.device.features.has('timestamp-query') && !this.coarse) {
      const times = await this.byTimestamps(program, count);
      if (times) return times;
      this.coarse = true;
    }
    const encode = (encoder: GPUCommandEncoder, times: number) => {
      const pass = encoder.beginComputePass();
      program.encodeDispatch(pass, 0, times);
      pass.end();
    };
    return (await timeRepeated(this.device, encode, { samples: count, targetMs: REPEAT_MS })).samples;
  }

  /** @returns null where the timestamps are too coarse */
  private async byTimestamps(program: Program, count: number): Promise<number[] | null> {
    const label = program.plan.name;
    const timestamps = await Timestamps.create(this.device, this.memory, count, 1);
    try {
      await watched(this.device, `kernel ${label}`, () => {
        const encoder = this.device.gpu.createCommandEncoder({ label });
        for (let index = 0; index < count; index++) {
          const pass = timestamps.beginPass(encoder, label, index);
          program.encodeDispatch(pass, 0);
          pass.end();
        }
        timestamps.resolve(encoder, count);
        this.device.gpu.queue.submit([encoder.finish()]);
      });
      const submits = await timestamps.read();
      if (isQuantized(submits)) return null;
      return submits.flat().map(({ begin, end }) => (end - begin) / 1000);
    } finally {
      timestamps.dispose();
    }
  }
}
