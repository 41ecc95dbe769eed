// What the programs are called: `harness/train.js` in a checkout, `latentgpu train` of an installed package. Texts that name
// a program ask here, so that they say what their reader can type.
import path from 'node:path';

/** The programs of harness/, and what each does in a few words. */
export const PROGRAMS = {
  train: 'trains an autoencoder; leaves pictures, curves and the model in a folder',
  generate: 'uses a trained model: samples, reconstructions, walks, codes, compression',
  score: 'scores rows by a trained model: how odd each is, from a threshold on',
  inspect: 'shows what safetensors files hold',
  export: 'writes a trained model as ONNX files, or as a page',
  profile: 'times every kernel of a training step, and says what limits it',
  bench: 'benchmarks training steps and matrix products, also beside other libraries',
  doctor: 'says what this machine trains on, and what its GPU lacks',
} as const;

export type ProgramName = keyof typeof PROGRAMS;

/** Started as npm's command `latentgpu`, which is harness/latentgpu.js or a link to it. */
const installed = path.basename(process.argv[1] ?? '', '.js') === 'latentgpu';
const byNpx = process.env.npm_command === 'exec';

/** A program in a sentence: `harness/train.js`, or `latentgpu train`. */
export const programName = (name: ProgramName): string => (installed ? `latentgpu ${name}` : `harness/${name}.js`);

/** What to type to start it: `node harness/train.js`, `npx latentgpu train`, or `latentgpu train` where that is a command. */
export const commandOf = (name: ProgramName): string =>
  installed ? `${byNpx ? 'npx ' : ''}${programName(name)}` : `node ${programName(name)}`;
