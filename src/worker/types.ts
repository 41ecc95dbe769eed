// What a session is told and what it answers, on both sides of the worker.
import type {
  AdapterSummary,
  BrowserDeviceOptions,
  Dataset,
  Examples,
  Images,
  Labels,
  ModelSpec,
  TrainerOptions,
} from '../index.js';

/** What a session works on. */
export interface SessionSetup {
  /** As createModel takes it. */
  model: ModelSpec;
  /** Its arrays move to the worker and are empty in the page afterwards; `structuredClone` it first to keep them. */
  dataset: Dataset<Images | Examples>;
  /** As createTrainer takes them. */
  training?: TrainerOptions;
  /** Seed of the model's first parameters; 0 by default. */
  seed?: number;
  /** As openDevice takes them. */
  device?: BrowserDeviceOptions;
  /** Keeps a checkpoint in the origin's private file system; not by default. */
  checkpoint?: CheckpointOptions;
}

/** A checkpoint that the session writes while it trains, and goes on from when it is started again. */
export interface CheckpointOptions {
  /** Of the file, without a slash. Each session that trains at the same time needs a name of its own. */
  name: string;
  /** Seconds between two of them; 30 by default. Another is written at the end of each call of `train`. */
  everySeconds?: number;
  /**
   * Whether to go on from the checkpoint that is there, which must be of the same model, data and options (the learning
   * rate may be another). true by default; false starts over, and replaces it.
   */
  resume?: boolean;
}

/** What became of it. */
export interface SessionInfo {
  /** The worker's. */
  adapter: AdapterSummary;
  /** How many numbers are trained. */
  parameterCount: number;
  /** Batches of the training set; the last one may be smaller. */
  stepsPerEpoch: number;
  /** Kernels that a training step launches. */
  dispatchesPerStep: number;
  /** Steps done when it was set up: 0, or those of the checkpoint that it goes on from. */
  step: number;
}

/** Examples of the page's own, [n, size], of images 0..1; or some of the dataset's, which bring their labels. */
export type ImageSource =
  | Float32Array
  | {
      /** Which part of the data set. */
      set: 'train' | 'test';
      /** 0 by default. */
      first?: number;
      /** All that follow by default. */
      count?: number;
    };

/** What is to be seen: decoded codes [n, latent], reconstructions of images, or samples from the prior. */
export type Drawing = (
  | {
      /** [n, latent]. */
      codes: Float32Array;
    }
  | {
      /** Of these images. */
      reconstructions: ImageSource;
    }
  | {
      /** How many, drawn from the prior. */
      samples: number;
      /** Of the drawn codes; 0 by default. */
      seed?: number;
    }
) & {
  /** [n], for conditional models. */
  labels?: Labels;
};

/** How images lie on the canvas. */
export interface DrawOptions {
  /** Images side by side; all in one row by default. */
  columns?: number;
}
