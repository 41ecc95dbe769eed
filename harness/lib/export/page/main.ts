// An exported page: sample, walk and encode with the weights inside. Joins the parts; each of them is in its own file.
//   contents.ts  what the page holds      state.ts  what it knows: the model on the GPU
//   samples.ts, encode.ts, walk.ts, about.ts  a section each
// Pads, pictures and pens are those of harness/web. All arithmetic of the model is the engine's, on the GPU.
import { byId } from '../../../web/dom.js';
import { aboutPanel } from './about.js';
import { readContents } from './contents.js';
import { encodePanel } from './encode.js';
import { samplesPanel } from './samples.js';
import { messageOf, State } from './state.js';
import { walkPanel } from './walk.js';

try {
  const state = new State(readContents());
  const { spec, examples } = state;
  document.body.classList.toggle('conditional', spec.classes !== undefined);
  document.body.classList.toggle('denoising', spec.corruption !== undefined);
  document.body.classList.toggle('examples', examples.count > 0);
  document.body.classList.toggle('quantised', spec.code.kind === 'quantized');
  aboutPanel(state);
  // Numbers drawn at random are no vectors of a codebook.
  if (spec.code.kind !== 'quantized') samplesPanel(state);
  encodePanel(state);
  walkPanel(state);
  // For the console: `latentgpuPage.ask((model) => model.sample(1))`.
  Object.assign(globalThis, { latentgpuPage: state });
  void state.open();
} catch (error) {
  document.documentElement.dataset.phase = 'unsupported';
  byId('status').textContent = `This file is damaged (${messageOf(error)}): ask for it anew.`;
}
