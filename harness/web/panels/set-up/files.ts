// Saving and loading the model, files dropped on the page, and the link that holds the set-up. A saved model says its set-up, and
// what its numbers are, so that loading brings these, too.
import { droppedFiles } from '../../data/chosen.js';
import { button, byId, download, setText } from '../../dom.js';
import { checkFits, saidIn, withSaid } from '../../model-file.js';
import type { Runner } from '../../run.js';
import { needsData, readHash, toHash } from '../../setup.js';
import { messageOf, type State } from '../../state.js';
import type { Panel } from '../panel.js';

const nameOf = ({ made, step }: State): string => `latentgpu-${made.preset}-step-${step}.safetensors`;
/** How long a button says what became of it. */
const SAID_MS = 2000;

export function filesPanel(state: State, runner: Runner): Panel {
  const input = byId<HTMLInputElement>('model-file');
  const save = button('save', async () => {
    const bytes = await state.askSession((session) => session.save());
    if (!bytes) return;
    state.unsaved = false;
    const file = withSaid(bytes, toHash(state.made), runner.numbers);
    download(nameOf(state), new Blob([file], { type: 'application/octet-stream' }));
  });
  const load = button('load', () => input.click());
  input.addEventListener('change', async () => {
    const [file] = input.files ?? [];
    input.value = '';
    if (file) await loadModel(state, runner, file);
  });
  state.on('phase', () => {
    save.disabled = load.disabled = !state.usable || !state.session;
  });
  addEventListener('beforeunload', (event) => {
    if (state.unsaved) event.preventDefault(); // the browser asks
  });
  link(state);
  dropped(state, runner);
  return {};
}

/** Says on the button for a moment whether the link was copied: without permission, or without https, it cannot be. */
function link(state: State): void {
  let said: ReturnType<typeof setTimeout> | undefined;
  const own = byId('link').textContent ?? '';
  const element = button('link', async () => {
    clearTimeout(said);
    const { clipboard } = navigator as { clipboard?: Clipboard };
    const copied = await clipboard?.writeText(location.href).then(
      () => true,
      () => false,
    );
    const told = state.files === 'digits' ? 'Copied' : 'Copied, without your data';
    setText(element, copied ? told : 'The address bar has it');
    clearTimeout(said); // one of another press may have been set meanwhile
    said = setTimeout(() => setText(element, own), SAID_MS);
  });
}

/** Files dropped anywhere on the page, as one that misses must not replace it: first the data, then a model is loaded. */
function dropped(state: State, runner: Runner): void {
  const over = (is: boolean) => byId('drop').classList.toggle('over', is);
  // Words that are dragged into a field are the browser's.
  const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false;
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(true);
  });
  addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) over(false);
  });
  addEventListener('drop', async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(false);
    const files = event.dataTransfer ? await droppedFiles(event.dataTransfer) : [];
    const areModels = await Promise.all(files.map(({ file }) => isModel(file)));
    const data = files.filter((_, index) => !areModels[index]);
    const models = files.filter((_, index) => areModels[index]);
    if (data.length > 0) await runner.start({ files: data });
    for (const { file } of models.slice(-1)) await loadModel(state, runner, file);
  });
}

/** A .safetensors file of tensors that are named as layers are; one that cannot be read is told as a model that cannot. */
async function isModel(file: File): Promise<boolean> {
  if (!file.name.toLowerCase().endsWith('.safetensors')) return false;
  const names = await tensorNames(file);
  return names.length === 0 || names.some((name) => /\.(?:weight|bias|running_mean)$/.test(name));
}

/** By its head alone, as data are large; none if it has no such head. */
async function tensorNames(file: File): Promise<string[]> {
  try {
    const length = new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true);
    const head = JSON.parse(await file.slice(8, 8 + Number(length)).text());
    return Object.keys(head).filter((name) => name !== '__metadata__');
  } catch {
    return [];
  }
}

async function loadModel(state: State, runner: Runner, file: File): Promise<void> {
  await runner.pause();
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const said = saidIn(bytes);
    const { numbers } = said;
    const setup = said.setup === undefined ? state.setup : readHash(said.setup).setup;
    const data = needsData(state.made, setup, state.files !== 'digits');
    if (state.model) {
      const { shape, values } = state.test;
      // What bytes and rows are, no scaling changes.
      const sure = !data || values instanceof Uint8Array || shape.length === 2;
      checkFits(bytes, runner.modelOf(setup, numbers), numbers, {
        shape,
        pixels: sure ? runner.ofData?.pixels : undefined,
      });
    }
    state.setup = setup;
    history.replaceState(null, '', `#${toHash(setup)}`);
    state.tell('setup');
    // Curves and steps are those of another model.
    await runner.start({ data, numbers });
    const { session, generation } = state;
    if (!session || !state.usable) return; // why, the page says
    await session.load(bytes);
    if (generation !== state.generation) return; // the visitor went on to another model
    runner.skipPretraining();
    state.begun = true;
    state.enter(state.phase, `Loaded ${file.name}.`);
    state.tell('parameters');
    const losses = await state.askSession((loaded) => loaded.evaluate());
    if (!losses || generation !== state.generation || state.step > 0) return;
    state.tested = [{ step: 0, losses }];
    state.tell('step');
  } catch (error) {
    state.enter(state.phase, `${file.name}: ${messageOf(error)}`);
  }
}
