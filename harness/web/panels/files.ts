// Saving and loading the model, and the link that holds the set-up. A saved model says its set-up, so that loading brings
// both.
import { decodeSafetensors, encodeSafetensors, safetensorsMetadata } from 'latentgpu';
import { button, byId, download, setText } from '../dom.js';
import type { Runner } from '../run.js';
import { readHash, toHash } from '../setup.js';
import { messageOf, type State } from '../state.js';
import type { Panel } from './panel.js';

const FILE_NAME = 'latentgpu-model.safetensors';
/** Under which the set-up is kept in the file. */
const METADATA = 'latentgpu.setup';

export function filesPanel(state: State, runner: Runner): Panel {
  const input = byId<HTMLInputElement>('model-file');
  const save = button('save', async () => {
    const bytes = await state.ask((session) => session.save());
    if (!bytes) return;
    const file = encodeSafetensors(decodeSafetensors(bytes), { [METADATA]: toHash(state.setup) });
    download(FILE_NAME, new Blob([file], { type: 'application/octet-stream' }));
  });
  const load = button('load', () => input.click());
  input.addEventListener('change', async () => {
    const [file] = input.files ?? [];
    input.value = '';
    if (file) await loadModel(state, runner, new Uint8Array(await file.arrayBuffer()), file.name);
  });
  const link = button('link', async () => {
    const said = link.textContent ?? '';
    const copied = await navigator.clipboard.writeText(location.href).then(
      () => 'Copied',
      () => 'The address bar has it',
    );
    setText(link, copied);
    setTimeout(() => setText(link, said), 2000);
  });
  state.on('phase', () => {
    save.disabled = !state.usable;
    load.disabled = !state.usable;
  });
  return {};
}

async function loadModel(state: State, runner: Runner, bytes: Uint8Array, name: string): Promise<void> {
  await runner.pause();
  try {
    const wanted = safetensorsMetadata(bytes)[METADATA];
    if (wanted !== undefined && wanted !== toHash(state.setup)) await setUp(state, runner, wanted);
    await state.session?.load(bytes);
    runner.skipPretraining();
    state.enter(state.phase, `Loaded ${name}.`);
    state.tell('parameters');
  } catch (error) {
    state.enter(state.phase, `${name}: ${messageOf(error)}`);
  }
}

async function setUp(state: State, runner: Runner, wanted: string): Promise<void> {
  const { setup } = readHash(wanted);
  const data = setup.images !== state.setup.images;
  state.setup = setup;
  history.replaceState(null, '', `#${toHash(setup)}`);
  state.tell('setup');
  await runner.start({ data });
}
