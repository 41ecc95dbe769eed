// The page: watch an autoencoder learn. Joins the parts; each of them is in its own file.
//   state.ts  what the page knows      setup.ts  what a visitor chooses     run.ts  start, train, pause, reset
//   panels/   what is shown and asked   drawing/  canvases and projections   data/   digits, arrays, tables, pictures
//   bench/    what the benchmark's worker does
// All of the GPU's work is in workers (worker.ts), training's behind a Session; this thread draws curves and points only.
import { benchmarkPanel } from './panels/benchmark.js';
import { curvesPanel } from './panels/curves.js';
import { decodedPanel } from './panels/decoded.js';
import { explainPanel } from './panels/explain.js';
import { mapPanel } from './panels/map.js';
import { nowPanel } from './panels/now.js';
import { padPanel } from './panels/pad.js';
import { keepFresh } from './panels/panel.js';
import { picturesPanel } from './panels/pictures.js';
import { profilePanel } from './panels/profile.js';
import { samplesPanel } from './panels/samples.js';
import { filesPanel } from './panels/set-up/files.js';
import { foldSetup } from './panels/set-up/fold.js';
import { setupForm } from './panels/set-up/setup-form.js';
import { statusPanel } from './panels/status.js';
import { walkPanel } from './panels/walk.js';
import { wordsPanel } from './panels/words.js';
import { Runner } from './run.js';
import { readHash } from './setup.js';
import { State } from './state.js';

const state = new State(readHash(location.hash).setup);
const runner = new Runner(state);
keepFresh(state, [
  wordsPanel(state),
  statusPanel(state, runner),
  setupForm(state, runner),
  nowPanel(state, runner),
  explainPanel(state, runner),
  curvesPanel(state),
  decodedPanel(state),
  mapPanel(state),
  picturesPanel(state),
  padPanel(state),
  samplesPanel(state),
  walkPanel(state),
  profilePanel(state, runner),
  benchmarkPanel(state, runner),
  filesPanel(state, runner),
]);
foldSetup();
// For the console: `latentgpuPage.session` is the model that is being looked at.
Object.assign(globalThis, { latentgpuPage: state });
void runner.start();
