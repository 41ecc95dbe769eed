// What a session is told and what it answers, on both sides of the worker.
import type { AdapterSummary, BrowserDeviceOptions, Dataset, Labels, ModelSpec, TrainerOptions } from '../index.js';

/** What a session works on. */
export interface SessionSetup {
  model: ModelSpec;
  /** Its arrays move to the worker and are empty in the page afterwards; `structuredClone` it first to keep them. */
  dataset: Dataset;
  /** As createTrainer takes them. */
  training?: TrainerOptions;
  /** Seed of the model's first parameters; 0 by default. */
  seed?: number;
  /** As openDevice takes them. */
  device?: BrowserDeviceOptions;
}

/** What became of it. */
export interface SessionInfo {
  adapter: AdapterSummary;
  /** How many numbers are trained. */
  parameterCount: number;
  stepsPerEpoch: number;
  dispatchesPerStep: number;
}

/** Images of the page's own, [n, pixels], 0..1; or some of the dataset's, which bring their labels. */
export type ImageSource =
  | Float32Array
  | {
      set: 'train' | 'test';
      /** 0 by default. */
      first?: number;
      /** All that follow by default. */
      count?: number;
    };

/** What is to be seen: decoded codes [n, latent], reconstructions of images, or samples from the prior. */
export type Drawing = (
  | { codes: Float32Array }
  | { reconstructions: ImageSource }
  | { samples: number; seed?: number }
) & { labels?: Labels };

export interface DrawOptions {
  /** Images side by side; all in one row by default. */
  columns?: number;
}
