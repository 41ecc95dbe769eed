// The folder that a run leaves behind. Each file is written whole under another name and then renamed, so that a reader
// never sees half of one; metrics.jsonl grows line by line. It decides what the files are called and nothing about training.
import fs from 'node:fs';
import path from 'node:path';
import { ArgumentError, type EpochReport } from 'latentgpu/node';
import { imageGrid, reconstructionPicture } from './pictures.js';
import { lossPlot, type PlotOptions } from './plots.js';

const SAMPLE_COLUMNS = 8;

/** Pixels of one image. */
export interface ImageSize {
  width: number;
  height: number;
}

export interface RunFolder {
  readonly path: string;
  /** Adds a line to metrics.jsonl. */
  appendMetrics(report: EpochReport): void;
  writeRunJson(run: Record<string, unknown>): void;
  /** Both [n, height * width], 0..1: images above their reconstructions. */
  writeReconstructions(images: Float32Array, reconstructions: Float32Array, size: ImageSize): void;
  /** [n, height * width], 0..1: eight a row. */
  writeSamples(samples: Float32Array, size: ImageSize): void;
  writeLossPlot(reports: readonly EpochReport[], options: PlotOptions): Promise<void>;
  /** The bytes of a safetensors file. */
  writeModel(bytes: Uint8Array): void;
  /** Names of the files that were written, in order. */
  files(): string[];
}

/**
 * Makes the folder, whose parent exists, or takes an empty one.
 * @throws ArgumentError if it holds something: nothing is overwritten
 */
export function createRunFolder(folder: string): RunFolder {
  fs.mkdirSync(folder, { recursive: true });
  const holds = fs.readdirSync(folder);
  if (holds.length > 0)
    throw new ArgumentError(
      `${folder} is not empty (${holds.length} entries), must be a new or empty folder; name another`,
    );
  const written: string[] = [];
  const note = (name: string) => {
    if (!written.includes(name)) written.push(name);
    return path.join(folder, name);
  };
  const write = (name: string, contents: string | Uint8Array) => {
    const file = note(name);
    fs.writeFileSync(`${file}.part`, contents);
    fs.renameSync(`${file}.part`, file);
  };
  return {
    path: folder,
    appendMetrics: (report) => fs.appendFileSync(note('metrics.jsonl'), `${metricsLine(report)}\n`),
    writeRunJson: (run) => write('run.json', `${JSON.stringify(run, null, 2)}\n`),
    writeReconstructions: (images, reconstructions, size) =>
      write('reconstructions.png', reconstructionPicture(images, reconstructions, size)),
    writeSamples: (samples, size) => write('samples.png', imageGrid(samples, { ...size, columns: SAMPLE_COLUMNS })),
    writeLossPlot: async (reports, options) => write('loss.svg', await lossPlot(reports, options)),
    writeModel: (bytes) => write('model.safetensors', bytes),
    files: () => [...written],
  };
}

/** A report as metrics.jsonl has it; losses in nats an image. */
export function metricsLine({ epoch, step, train, test, seconds, stepsPerSecond }: EpochReport): string {
  return JSON.stringify({ epoch, step, train, test, seconds, stepsPerSecond });
}
