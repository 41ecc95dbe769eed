// What the page says of itself: whether it works, on what, which model it is; and the weights as a file.
import { layerSizes } from 'latentgpu';
import { button, byId, download, make, setText } from '../../../web/dom.js';
import { codeInWords } from './code-in-words.js';
import { readWeights } from './contents.js';
import type { State } from './state.js';

export function aboutPanel(state: State): void {
  const { contents, spec, examples } = state;
  const retry = button('retry', () => state.open());
  const sizes = layerSizes(spec);
  setText(byId('architecture'), sizes.join(' – '));
  const show = () => {
    const { phase, message, adapter } = state;
    document.documentElement.dataset.phase = phase;
    retry.hidden = phase !== 'lost' && phase !== 'failed';
    setText(byId('status'), message);
    const software = adapter?.software ? ' (software)' : '';
    setText(byId('adapter'), phase === 'ready' && adapter ? `${adapter.name}${software}` : '');
  };
  state.on('phase', show);
  show();

  const weights = new Blob([readWeights()], { type: 'application/octet-stream' });
  const facts: [string, string][] = [
    ['Model', contents.title],
    ['Layers', sizes.join(' – ')],
    ['Code', codeInWords(spec.code)],
    ['Images', `${contents.height}×${contents.width} pixels, ${contents.channels === 3 ? 'in colour' : 'grey'}`],
    ...(examples.count > 0
      ? [['Inside', `${examples.count} test images of ${contents.data ?? 'its data'}`] as [string, string]]
      : []),
    ['Made by', `latentgpu ${contents.version}`],
  ];
  byId('facts').replaceChildren(...facts.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]));
  setText(byId('weights-size'), `${megabytes(weights.size)}, safetensors, f32, with PyTorch's names`);
  byId('weights-link').addEventListener('click', (event) => {
    event.preventDefault();
    download('model.safetensors', weights);
  });
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toPrecision(bytes < 1e6 ? 1 : 2)} MB`;
