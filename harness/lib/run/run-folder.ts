// The folder that a run leaves behind. Each file is written whole under another name and then renamed, so that a reader
// never sees half of one; metrics.jsonl grows line by line. It decides what the files are called and nothing about training.
import fs from 'node:fs';
import path from 'node:path';
import { ArgumentError, type EpochReport, type LayerReport, type Losses } from 'latentgpu/node';
import { imageGrid, picturedRows } from '../plots/pictures.js';
import { lossPlot, type PlotOptions } from '../plots/plots.js';

const SAMPLE_COLUMNS = 8;

/** Pixels of one image. */
export interface ImageSize {
  width: number;
  height: number;
}

/** Every write throws ArgumentError with the file's path and the system's reason, for example a full disk. */
export interface RunFolder {
  /** As it was given. */
  readonly path: string;
  /** Adds a line to metrics.jsonl. */
  appendMetrics(report: EpochReport | LayerReport): void;
  writeRunJson(run: Record<string, unknown>): void;
  /** Both [n, height * width], 0..1: images above their reconstructions. */
  writeReconstructions(images: Float32Array, reconstructions: Float32Array, size: ImageSize): void;
  /** All [n, height * width], 0..1: images above what the encoder sees of them, above what it makes of that. */
  writeDenoised(images: Float32Array, damaged: Float32Array, restored: Float32Array, size: ImageSize): void;
  /** [n, height * width], 0..1: eight a row. */
  writeSamples(samples: Float32Array, size: ImageSize): void;
  writeLossPlot(reports: readonly EpochReport[], options: PlotOptions): Promise<void>;
  /** The bytes of a safetensors file. */
  writeModel(bytes: Uint8Array): void;
  /** Names of the files that were written, in order. */
  files(): string[];
}

/**
 * Makes the folder and the parents it lacks, or takes an empty one.
 * @throws ArgumentError if it holds something (nothing is overwritten), or cannot be made or written to
 */
export function createRunFolder(folder: string): RunFolder {
  const root = path.resolve(folder); // a later chdir changes nothing
  makeFolders(folder, root);
  const written: string[] = [];
  const put = (name: string, action: (file: string) => void) => {
    attempt(path.join(folder, name), 'cannot be written', () => action(path.join(root, name)));
    if (!written.includes(name)) written.push(name);
  };
  const write = (name: string, contents: string | Uint8Array) => put(name, (file) => writeWhole(file, contents));
  return {
    path: folder,
    appendMetrics: (report) => put('metrics.jsonl', (file) => fs.appendFileSync(file, `${metricsLine(report)}\n`)),
    writeRunJson: (run) => write('run.json', `${JSON.stringify(run, null, 2)}\n`),
    writeReconstructions: (images, reconstructions, size) =>
      write('reconstructions.png', picturedRows([images, reconstructions], size)),
    writeDenoised: (images, damaged, restored, size) =>
      write('denoised.png', picturedRows([images, damaged, restored], size)),
    writeSamples: (samples, size) => write('samples.png', imageGrid(samples, { ...size, columns: SAMPLE_COLUMNS })),
    writeLossPlot: async (reports, options) => write('loss.svg', await lossPlot(reports, options)),
    writeModel: (bytes) => write('model.safetensors', bytes),
    files: () => [...written],
  };
}

/** All that a line may tell, in its order; the compiler sees that none is missing. */
const EVERY_LOSS: Record<keyof Losses, true> = { loss: true, bce: true, mse: true, kl: true, l1: true, sparsity: true };
const LOSSES = Object.keys(EVERY_LOSS) as (keyof Losses)[];

/** A report as metrics.jsonl has it, a layer's (from 1) if it is of pretraining. Units are in run.json. */
export function metricsLine(report: EpochReport | LayerReport): string {
  const { epoch, step, train, test, seconds, stepsPerSecond } = report;
  const losses = (of: Losses) => Object.fromEntries(LOSSES.flatMap((key) => (key in of ? [[key, of[key]]] : [])));
  const layer = 'layer' in report ? { layer: report.layer + 1, layers: report.layers } : {};
  return JSON.stringify({ ...layer, epoch, step, train: losses(train), test: losses(test), seconds, stepsPerSecond });
}

/** Makes the folders that are missing. On failure none of them stays. */
function makeFolders(folder: string, root: string): void {
  const missing: string[] = [];
  for (let at = root; !fs.existsSync(at) && at !== path.dirname(at); at = path.dirname(at)) missing.unshift(at);
  const made: string[] = [];
  try {
    attempt(folder, 'cannot be used', () => {
      // One by one: with `recursive`, Node 20 never comes back from a file system like /proc.
      for (const at of missing) {
        fs.mkdirSync(at);
        made.unshift(at);
      }
      const holds = fs.readdirSync(root);
      if (holds.length > 0)
        throw new ArgumentError(
          `${folder} is not empty (${holds.length} entries), must be a new or empty folder; name another`,
        );
      fs.accessSync(root, fs.constants.W_OK | fs.constants.X_OK);
    });
  } catch (error) {
    for (const at of made) fs.rmdirSync(at);
    throw error;
  }
}

/** Under another name first: a run that dies meanwhile leaves the file as it was. */
function writeWhole(file: string, contents: string | Uint8Array) {
  const part = `${file}.part`;
  try {
    fs.writeFileSync(part, contents);
    fs.renameSync(part, file);
  } catch (error) {
    fs.rmSync(part, { force: true });
    throw error;
  }
}

/** Runs `action`; what the file system refuses becomes an ArgumentError that names the path. */
function attempt(shown: string, what: string, action: () => void) {
  try {
    action();
  } catch (cause) {
    if (cause instanceof ArgumentError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ArgumentError(`${shown} ${what} (${why}), must be where you may write; name another folder`, { cause });
  }
}
