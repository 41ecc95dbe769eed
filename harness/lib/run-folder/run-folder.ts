// The folder that a run leaves behind: what its files are called, and that each is whole. metrics.jsonl grows line by line;
// checkpoints come and go. It decides nothing about training.
import fs from 'node:fs';
import path from 'node:path';
import { ArgumentError, type EpochReport, type LayerReport, type Losses } from 'latentgpu/node';
import type { ImageSize } from '../data/examples.js';
import { programName } from '../options/flags/command.js';
import { featuresPlot } from '../plots/features-plot.js';
import { imageGrid, picturedRows } from '../plots/pictures.js';
import { lossPlot, type PlotOptions } from '../plots/plots.js';
import type { FeatureError } from '../report/features.js';
import { type Claim, claimDefault, claimExisting, claimNew } from './claim.js';
import { attempt, fileError, removeParts, writeWhole, writeWholeLater } from './files.js';

const SAMPLE_COLUMNS = 8;
const METRICS = 'metrics.jsonl';
export const CHECKPOINTS = 'checkpoints';
export const BEST = 'best.safetensors';

/** A line of metrics.jsonl, a layer's (from 1) if it is of pretraining. Units are in run.json. */
export type MetricsLine = Pick<EpochReport, 'epoch' | 'step' | 'train' | 'validation' | 'test' | 'seconds'> &
  Pick<EpochReport, 'stepsPerSecond'> & { layer?: number; layers?: number };

/** Makes the folder and the parents it lacks, or takes an empty one. */
export const createRunFolder = (folder: string): RunFolder => new RunFolder(claimNew(folder));

/** `folder`, or the first of folder-2, folder-3... that is not there. */
export const createDefaultFolder = (folder: string): RunFolder => new RunFolder(claimDefault(folder));

/** Goes on in the folder of a run that has ended, one way or another. */
export const reopenRunFolder = (folder: string): RunFolder => new RunFolder(claimExisting(folder));

/** Every write throws ArgumentError with the file's path, the system's reason and a remedy, for example of a full disk. */
export class RunFolder {
  private readonly written: string[] = [];
  private lines: MetricsLine[];
  /** Whether metrics.jsonl is what `lines` says. */
  private metricsWhole: boolean;

  constructor(private readonly claim: Claim) {
    removeParts(claim.root);
    removeParts(this.at(CHECKPOINTS));
    this.lines = readMetrics(this.at(METRICS));
    this.metricsWhole = this.lines.length === 0;
  }

  /** As it was given. */
  get path(): string {
    return this.claim.path;
  }

  /** Another program may have it then. */
  release(): void {
    this.claim.release();
  }

  /** Names of the files that were written, in order. */
  files(): string[] {
    return [...this.written];
  }

  private at(...names: string[]): string {
    return path.join(this.claim.root, ...names);
  }

  private put(name: string, action: (file: string) => void): void {
    attempt(path.join(this.path, name), 'cannot be written', () => action(this.at(name)));
    this.note(name);
  }

  private note(name: string): void {
    if (!this.written.includes(name)) this.written.push(name);
  }

  private write(name: string, contents: string | Uint8Array): void {
    this.put(name, (file) => writeWhole(file, contents));
  }

  // --- what is known after each epoch --------------------------------------------------------------------------------

  get metrics(): readonly MetricsLine[] {
    return this.lines;
  }

  /** Adds a line to metrics.jsonl; one that could not be written comes with the next. */
  appendMetrics(report: EpochReport | LayerReport): void {
    this.lines.push(lineOf(report));
    const whole = this.metricsWhole;
    this.metricsWhole = false;
    if (whole) this.put(METRICS, (file) => fs.appendFileSync(file, metricsLine(report)));
    else this.writeMetrics();
    this.metricsWhole = true;
  }

  /** Drops the lines that are not to be kept: training goes back to before them. */
  cutMetrics(keep: (line: MetricsLine) => boolean): void {
    this.lines = this.lines.filter(keep);
    this.writeMetrics();
    this.metricsWhole = true;
  }

  private writeMetrics(): void {
    this.write(METRICS, this.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  writeRunJson(run: Record<string, unknown>): void {
    this.write('run.json', `${JSON.stringify(run, null, 2)}\n`);
  }

  // --- weights -------------------------------------------------------------------------------------------------------

  /** The bytes of a safetensors file. */
  writeModel(bytes: Uint8Array): void {
    this.write('model.safetensors', bytes);
  }

  /** While training goes on; the oldest of more than `keep` checkpoints are removed once the new one is there. */
  async writeCheckpoint(name: string, bytes: Uint8Array, keep: number): Promise<void> {
    const shown = path.join(this.path, CHECKPOINTS, name);
    try {
      fs.mkdirSync(this.at(CHECKPOINTS), { recursive: true });
      await writeWholeLater(this.at(CHECKPOINTS, name), bytes);
      const all = checkpointNames(this.at(CHECKPOINTS));
      for (const old of all.slice(0, -keep)) fs.rmSync(this.at(CHECKPOINTS, old), { force: true });
    } catch (error) {
      throw fileError(shown, 'cannot be written', error);
    }
    this.note(CHECKPOINTS);
  }

  async writeBest(bytes: Uint8Array): Promise<void> {
    try {
      await writeWholeLater(this.at(BEST), bytes);
    } catch (error) {
      throw fileError(path.join(this.path, BEST), 'cannot be written', error);
    }
    this.note(BEST);
  }

  // --- pictures ------------------------------------------------------------------------------------------------------

  /** Both [n, size], 0..1: images above their reconstructions. */
  writeReconstructions(images: Float32Array, reconstructions: Float32Array, size: ImageSize): void {
    this.write('reconstructions.png', picturedRows([images, reconstructions], size));
  }

  /** All [n, size], 0..1: images above what the encoder sees of them, above what it makes of that. */
  writeDenoised(images: Float32Array, damaged: Float32Array, restored: Float32Array, size: ImageSize): void {
    this.write('denoised.png', picturedRows([images, damaged, restored], size));
  }

  /** [n, size], 0..1: eight a row. */
  writeSamples(samples: Float32Array, size: ImageSize): void {
    this.write('samples.png', imageGrid(samples, { ...size, columns: SAMPLE_COLUMNS }));
  }

  /** Of vectors: how well each feature is reconstructed. */
  async writeFeaturesPlot(errors: readonly FeatureError[], title: string): Promise<void> {
    this.write('features.svg', await featuresPlot(errors, title));
  }

  async writeLossPlot(reports: Parameters<typeof lossPlot>[0], options: PlotOptions): Promise<void> {
    this.write('loss.svg', await lossPlot(reports, options));
  }
}

/** All that a line may tell, in its order; the compiler sees that none is missing. */
const EVERY_LOSS: Record<keyof Losses, true> = {
  loss: true,
  bce: true,
  mse: true,
  gaussian: true,
  poisson: true,
  kl: true,
  importance: true,
  l1: true,
  sparsity: true,
  commitment: true,
  perplexity: true,
};
const LOSSES = Object.keys(EVERY_LOSS) as (keyof Losses)[];

function lineOf(report: EpochReport | LayerReport): MetricsLine {
  const { epoch, step, train, validation, test, seconds, stepsPerSecond } = report;
  const losses = (of: Losses) =>
    Object.fromEntries(LOSSES.flatMap((key) => (key in of ? [[key, of[key]]] : []))) as Losses;
  return {
    ...('layer' in report && { layer: report.layer + 1, layers: report.layers }),
    epoch,
    step,
    train: losses(train),
    ...(validation && { validation: losses(validation) }),
    test: losses(test),
    seconds,
    stepsPerSecond,
  };
}

/** A report as metrics.jsonl has it. */
export const metricsLine = (report: EpochReport | LayerReport): string => `${JSON.stringify(lineOf(report))}\n`;

/** What of a file can be read: the last line of a run that was killed may be half of one. */
function readMetrics(file: string): MetricsLine[] {
  if (!fs.existsSync(file)) return [];
  const lines: MetricsLine[] = [];
  for (const text of fs.readFileSync(file, 'utf8').split('\n'))
    try {
      if (text !== '') lines.push(JSON.parse(text));
    } catch {
      break;
    }
  return lines;
}

const NAME = /^(?:layer-(\d+)-)?step-(\d+)\.safetensors$/;

/** `step-000469.safetensors`, `layer-1-step-000100.safetensors` */
export function checkpointName(step: number, layer: number | undefined): string {
  return `${layer === undefined ? '' : `layer-${layer + 1}-`}step-${String(step).padStart(6, '0')}.safetensors`;
}

/** Names of the checkpoints in a folder, the earliest of the run first: layers are trained before the whole. */
export function checkpointNames(folder: string): string[] {
  const found = (fs.existsSync(folder) ? fs.readdirSync(folder) : []).flatMap((name) => {
    const [, layer, step] = NAME.exec(name) ?? [];
    return step === undefined ? [] : [{ name, layer: Number(layer ?? Number.POSITIVE_INFINITY), step: Number(step) }];
  });
  return found.sort((a, b) => a.layer - b.layer || a.step - b.step).map(({ name }) => name);
}

/** @throws ArgumentError if there is none */
export function requireRunFolder(folder: string, flag: string): void {
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new ArgumentError(
      `${flag} ${folder} ${fs.existsSync(folder) ? 'is a file' : 'does not exist'}, must be the folder of a run of ${programName('train')}`,
    );
}
