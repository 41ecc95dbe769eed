// The loss of each row by itself, and what it is made of: how odd a trained model finds it. Rows go over the GPU in chunks, two
// of them in flight; what is kept of them is a few numbers each.
import { ArgumentError } from '../../errors.js';
import { allOf } from '../../gpu/faults.js';
import type { Memory } from '../../gpu/memory.js';
import type { Machine } from '../../gpu/program.js';
import type { SplitBuffer } from '../../gpu/split-buffer.js';
import { readBuffer } from '../../gpu/transfer.js';
import { scoringGraph } from '../../graph/build.js';
import { EXAMPLE_BYTES, type ExampleType } from '../../kernels/gather.js';
import { f32Bytes } from '../../kernels/kernel.js';
import type { ModelSpec } from '../../model/spec.js';
import { checkSeed, requirePositiveInteger } from '../../model/values.js';
import type { Layout } from '../../plan/layout.js';
import type { ChooseMatmul } from '../../plan/lowering/call.js';
import { makePlan } from '../../plan/make.js';
import { settingsFrom } from '../options.js';
import { METRICS_CAPACITY } from '../step/metrics.js';
import { type Resident, residentSizes } from '../step/resident.js';
import { EVALUATION_BATCH } from '../step/step-state.js';
import { Stepper } from '../step/stepper.js';
import type { ByteFeed, Feed } from './feed.js';
import { ScoreSums, type Scores } from './score-sums.js';

/** Batches of a chunk, if as many are needed and fit into CHUNK_BYTES. */
const MOST_BATCHES = 16;
const CHUNK_BYTES = 2 ** 26;
const CHUNKS_IN_FLIGHT = 2;

/** What a score is of. */
export interface ScoreOptions {
  /** Of a Gaussian code: draws that the terms are the mean over; 1 by default. */
  samples?: number;
  /**
   * Of a Gaussian code: draws of the importance-weighted bound of log p(x), in nats; not computed by default. The reconstruction
   * must be a likelihood: the bce loss, or mse with a variance.
   */
  iwae?: number;
  /** Of the draws, a non-negative integer; 0 by default. */
  seed?: number;
}

export interface ScorerOptions {
  machine: Machine;
  spec: ModelSpec;
  layout: Layout;
  choose: ChooseMatmul;
  /** Laid out as `layout` says. */
  parameters: SplitBuffer;
}

/** Rows to be scored: as bytes, or as the model sees them. */
export type ScoredFeed = { type: 'u8'; rows: ByteFeed } | { type: 'f32'; rows: Feed };

/** A pass over a chunk of rows, and where it leaves each batch's numbers. */
interface Pass {
  key: string;
  /** All that the pass has on the GPU. */
  memory: Memory;
  stepper: Stepper;
  batches: number;
  /** Bytes of a batch in `results`: its losses, as the plan has them, then its ratios. */
  bytes: number;
  results: GPUBuffer;
  ratio: GPUBuffer | undefined;
}

/** @throws ArgumentError for what the model cannot have */
export function checkScoreOptions({ samples = 1, iwae, seed = 0 }: ScoreOptions, { code, loss }: ModelSpec): void {
  requirePositiveInteger(samples, 'samples');
  if (iwae !== undefined) requirePositiveInteger(iwae, 'iwae');
  checkSeed(seed);
  const drawn = samples > 1 ? 'samples' : iwae === undefined ? undefined : 'iwae';
  if (code.kind !== 'gaussian' && drawn)
    throw new ArgumentError(
      `${drawn}: ${samples > 1 ? samples : iwae}, must be left out: a ${code.kind} code has nothing to draw`,
    );
  if (iwae !== undefined && loss.reconstruction === 'mse' && loss.variance === undefined)
    throw new ArgumentError(
      `iwae: ${iwae}, must be left out: the squared error is no likelihood without a variance; use a model with loss.variance, bce or poisson`,
    );
}

export class Scorer {
  /** The last pass: rows of the same kind go on with it. */
  private kept: Pass | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ScorerOptions) {}

  /**
   * Calls at the same time take turns: there is one set of counters.
   * @param labels of a conditional model
   */
  run(feed: ScoredFeed, labels: Uint8Array | undefined, options: ScoreOptions): Promise<Scores> {
    const result = this.last.then(() => this.pass(feed, labels, options));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async pass(
    feed: ScoredFeed,
    labels: Uint8Array | undefined,
    { samples = 1, iwae = 0, seed = 0 }: ScoreOptions,
  ): Promise<Scores> {
    const { spec } = this.options;
    const { type, rows } = feed;
    const needed = Math.ceil(rows.count / EVALUATION_BATCH);
    const fitting = Math.max(1, Math.floor(CHUNK_BYTES / (EVALUATION_BATCH * strideOf(feed))));
    const batches = 2 ** Math.floor(Math.log2(Math.min(MOST_BATCHES, fitting, 2 ** Math.ceil(Math.log2(needed)))));
    const pass = await this.passOf(type, batches, iwae > 0);
    const sums = new ScoreSums(spec, pass.stepper.plan, { rows: rows.count, samples, iwae });
    const pending: Promise<void>[] = [];
    try {
      for (let first = 0; first < rows.count; first += batches * EVALUATION_BATCH)
        for (let draw = 0; draw < Math.max(samples, iwae); draw++) {
          const count = Math.min(batches * EVALUATION_BATCH, rows.count - first);
          const chunk = draw === 0 ? chunkOf(feed, labels, first, count) : undefined;
          const read = this.submit(pass, chunk, { count, batch: first / EVALUATION_BATCH, seed: seed + draw });
          pending.push(read.then((bytes) => sums.add(new Float32Array(bytes), { first, count, draw })));
          if (pending.length >= CHUNKS_IN_FLIGHT) await pending.shift();
        }
      await allOf(pending);
    } finally {
      await Promise.allSettled(pending);
    }
    return sums.scores;
  }

  /** All of it within this task: no other call comes between the rows and their passes. */
  private submit(
    { memory, stepper, batches, bytes, results, ratio }: Pass,
    chunk: Resident | undefined,
    { count, batch, seed }: { count: number; batch: number; seed: number },
  ): Promise<ArrayBuffer> {
    const { device } = this.options.machine;
    const steps = Math.ceil(count / EVALUATION_BATCH);
    memory.watch('scores', () => {
      if (chunk) stepper.replace(chunk);
      stepper.configure(chunkSettings(batches, seed));
      stepper.rewind(batch);
      const { losses, plan, program } = stepper;
      const encoded = stepper.encode(steps, (encoder, each) => {
        for (let step = 0; step < each; step++) {
          const pass = encoder.beginComputePass({ label: plan.name });
          program.encode(pass);
          pass.end();
          encoder.copyBufferToBuffer(losses, 0, results, step * bytes, plan.lossBytes);
          if (ratio) encoder.copyBufferToBuffer(ratio, 0, results, step * bytes + plan.lossBytes, ratio.size);
        }
      });
      device.gpu.queue.submit([encoded.commands]);
      encoded.read().sums.catch(() => undefined); // the sums are of no use here
    });
    return readBuffer(device, memory, results, steps * bytes);
  }

  private async passOf(type: ExampleType, batches: number, ratio: boolean): Promise<Pass> {
    const key = `${type} ${batches} ${ratio}`;
    if (this.kept?.key === key) return this.kept;
    // Calls take turns: nobody works with the one before.
    this.kept?.memory.dispose();
    this.kept = undefined;
    this.kept = await this.make(key, type, batches, ratio);
    return this.kept;
  }

  private async make(key: string, type: ExampleType, batches: number, withRatio: boolean): Promise<Pass> {
    const { machine, spec, layout, choose, parameters } = this.options;
    const memory = machine.memory.part();
    const count = batches * EVALUATION_BATCH;
    const stride = spec.inputs * EXAMPLE_BYTES[type];
    const labels = spec.classes === undefined ? {} : { labels: new Uint8Array(count) };
    const blank: Resident = { type, count, stride, bytes: new Uint8Array(count * stride), ...labels };
    const graph = scoringGraph(spec, EVALUATION_BATCH, withRatio);
    const plan = makePlan('scores', graph, {
      layout,
      rows: EVALUATION_BATCH,
      ...residentSizes(blank, machine.device.limits),
      metricsCapacity: METRICS_CAPACITY,
      choose,
      fuse: true,
      keepLosses: true,
    });
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const remedy = 'Use narrower layers.';
    try {
      const ratio = withRatio
        ? memory.create({ label: 'log ratios', bytes: f32Bytes([EVALUATION_BATCH]), usage: STORAGE | COPY_SRC, remedy })
        : undefined;
      const bytes = plan.lossBytes + (ratio?.size ?? 0);
      const results = memory.create({ label: 'scores', bytes: batches * bytes, usage: COPY_SRC | COPY_DST, remedy });
      await memory.settled();
      const shared = { parameters, ...(ratio && { output: ratio }) };
      const settings = chunkSettings(batches, 0);
      const stepper = await Stepper.create({ ...machine, memory }, plan, blank, settings, shared, remedy);
      return { key, memory, stepper, batches, bytes, results, ratio };
    } catch (error) {
      memory.dispose();
      throw error;
    }
  }
}

/** A chunk always counts as full: which noise a row gets depends on its number alone. */
const chunkSettings = (batches: number, seed: number) =>
  settingsFrom({ batch: EVALUATION_BATCH, seed }, batches * EVALUATION_BATCH);

/** Bytes of a row on the GPU. */
const strideOf = ({ type, rows }: ScoredFeed): number => rows.columns * EXAMPLE_BYTES[type];

/** Rows `first .. first + count` as they lie on the GPU. */
function chunkOf(feed: ScoredFeed, labels: Uint8Array | undefined, first: number, count: number): Resident {
  const { buffer, byteOffset, byteLength } = feed.rows.take(first, count);
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const own = labels && { labels: labels.subarray(first, first + count) };
  return { type: feed.type, count, stride: strideOf(feed), bytes, ...own };
}
