// What the GPU's own clock says about each of many compute passes: begin and end of every one, in one query set that is
// used again by every submit and read once, when all is over. Needs the feature `timestamp-query`. It decides neither what
// goes into a pass nor what the numbers mean.
import { DeviceError } from '../errors.js';
import type { Device } from './device.js';
import type { Memory } from './memory.js';
import { readBuffer } from './transfer.js';

/** WebGPU's limit for a query set. */
export const MAX_QUERIES = 4096;
const QUERY_BYTES = 8;
/** Where resolveQuerySet may write. */
const RESOLVE_ALIGNMENT = 256;

/** Nanoseconds since the earliest timestamp of all. */
export interface PassTime {
  begin: number;
  end: number;
}

export class Timestamps {
  private readonly counts: number[] = [];

  private constructor(
    private readonly device: Device,
    private readonly memory: Memory,
    private readonly queries: GPUQuerySet,
    private readonly results: GPUBuffer,
    private readonly submits: number,
  ) {}

  /**
   * @param passes  at most so many in a submit
   * @param submits at most so many until `read`
   * @throws DeviceError if the device has no timestamps, or not so many
   */
  static async create(device: Device, whole: Memory, passes: number, submits: number): Promise<Timestamps> {
    if (!device.features.has('timestamp-query'))
      throw new DeviceError(`${device.adapter.name} has no timestamps (feature timestamp-query)`);
    if (2 * passes > MAX_QUERIES)
      throw new DeviceError(
        `${passes} timed passes in a submit, must be at most ${MAX_QUERIES / 2}; submit fewer steps`,
      );
    const stride = Math.ceil((2 * passes * QUERY_BYTES) / RESOLVE_ALIGNMENT) * RESOLVE_ALIGNMENT;
    const memory = whole.part();
    let queries: GPUQuerySet | undefined;
    try {
      const results = memory.create({
        label: 'timestamps',
        bytes: stride * submits,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
        remedy: 'Profile fewer steps.',
      });
      queries = memory.watch(`${2 * passes} timestamps`, () =>
        device.gpu.createQuerySet({ label: 'timestamps', type: 'timestamp', count: 2 * passes }),
      );
      await memory.settled();
      return new Timestamps(device, memory, queries, results, submits);
    } catch (error) {
      queries?.destroy();
      memory.dispose();
      throw error;
    }
  }

  /** Bytes of a submit's times. */
  private get stride(): number {
    return this.results.size / this.submits;
  }

  /** A pass whose begin and end are number `index` of its submit. */
  beginPass(encoder: GPUCommandEncoder, label: string, index: number): GPUComputePassEncoder {
    const timestampWrites = {
      querySet: this.queries,
      beginningOfPassWriteIndex: 2 * index,
      endOfPassWriteIndex: 2 * index + 1,
    };
    return encoder.beginComputePass({ label, timestampWrites });
  }

  /** To be encoded at the end of each submit: keeps the times of its first `passes` passes. */
  resolve(encoder: GPUCommandEncoder, passes: number): void {
    const submit = this.counts.length;
    if (submit === this.submits) throw new DeviceError(`timestamps are for ${submit} submits, not more`);
    encoder.resolveQuerySet(this.queries, 0, 2 * passes, this.results, submit * this.stride);
    this.counts.push(passes);
  }

  /** Waits for the submits. @returns one list a submit, one entry a pass */
  async read(): Promise<PassTime[][]> {
    const raw = new BigUint64Array(await readBuffer(this.device, this.memory, this.results, this.results.size));
    return passTimes(
      this.counts.map((passes, submit) => {
        const from = (submit * this.stride) / QUERY_BYTES;
        return [...raw.subarray(from, from + 2 * passes)];
      }),
    );
  }

  dispose(): void {
    this.queries.destroy();
    this.memory.dispose();
  }
}

/** Begin and end of each pass, from raw nanoseconds [begin, end, begin, end, ...] of each submit. */
function passTimes(submits: bigint[][]): PassTime[][] {
  // The clock's zero is long ago: as a double it would lose nanoseconds.
  let zero: bigint | undefined;
  for (const time of submits.flat()) if (zero === undefined || time < zero) zero = time;
  const since = (time: bigint | undefined) => Number((time ?? 0n) - (zero ?? 0n));
  return submits.map((times) =>
    Array.from({ length: times.length / 2 }, (_, pass) => {
      const begin = since(times[2 * pass]);
      // Some drivers' clocks step back a little between the two.
      return { begin, end: Math.max(begin, since(times[2 * pass + 1])) };
    }),
  );
}

/** A GPU's clock ticks every few to some hundred nanoseconds; browsers round to 65,536 or 100,000. */
const COARSE_NS = 4096;

/**
 * Whether the times are too coarse to tell a kernel's length: every one a multiple of the same large step, as browsers
 * round them against side channels, or no time ever passing.
 */
export function isQuantized(submits: readonly PassTime[][]): boolean {
  let step = 0;
  for (const { begin, end } of submits.flat()) step = gcd(gcd(step, begin), end);
  return step === 0 || step >= COARSE_NS;
}

function gcd(a: number, b: number): number {
  let [large, small] = [a, b];
  while (small > 0) [large, small] = [small, large % small];
  return large;
}
