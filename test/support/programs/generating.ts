// Test support: what tests of harness/generate.js share: its options, models and images, and what it refuses.
import { type CheckedExamples, vae } from 'latentgpu/node';
import * as assert from 'uvu/assert';
import { type GenerateOptions, readGenerateOptions } from '../../../harness/lib/options/generate-options.js';

/** That `run` throws an error of this name, with this message. */
export const refused = (run: () => unknown, message: string, name = 'ArgumentError') => {
  try {
    run();
  } catch (error) {
    return assert.equal([(error as Error).name, (error as Error).message], [name, message]);
  }
  assert.unreachable(`not refused: ${message}`);
};
/** A command line. */
export const words = (text: string) => text.split(' ');
/** What harness/generate.js reads of a command line. */
export const options = (text: string) => readGenerateOptions(words(text)) as GenerateOptions;

/** Of images of 8x8. */
export const small = { pixels: 64, hidden: [6], latent: 3 };
/** The plain VAE of that size. */
export const plain = vae(small);

/** `labels.length` images of 8x8, or `count` without labels. */
export const images = (labels?: number[], count = labels?.length ?? 0): CheckedExamples => ({
  shape: [count, 8, 8],
  values: new Uint8Array(count * 64),
  ...(labels && { labels: Uint8Array.from(labels) }),
});
