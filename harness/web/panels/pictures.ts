// Test images above what the model makes of them; for a denoising model, what it is shown between them.
import { corruptImages } from 'latentgpu';
import { button, byId } from '../dom.js';
import { downloadPng, GpuPicture, HostPicture } from '../drawing/picture.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

const SHOWN = 20;
const COLUMNS = 10;

/** Of a picture's file: of what, by which model, after how much training. */
export const pngName = ({ setup, step }: State, what: string): string =>
  `latentgpu-${what}-${setup.preset}-step-${step}.png`;

export function picturesPanel(state: State): Panel {
  const originals = new HostPicture(byId('originals'), 'Test images');
  const damaged = new HostPicture(byId('damaged'), 'Damaged test images');
  const reconstructions = new GpuPicture(byId('reconstructions'), 'The same images, reconstructed');
  let first = 0;
  let shown = new Float32Array();

  const columns = () => Math.min(COLUMNS, count());
  const count = () => Math.min(SHOWN, state.test.count);
  function renew(): void {
    if (first + count() > state.test.count) first = 0;
    shown = state.values(first, count()) as Float32Array<ArrayBuffer>;
    originals.draw(shown, state.test, columns());
    reconstructions.shape(Math.ceil(count() / columns()), columns(), state.test);
    const corruption = state.model?.corruption;
    if (!corruption) return;
    shown = corruptImages(shown, corruption, first);
    damaged.draw(shown, state.test, columns());
  }
  const refresh = () =>
    state.ask((session) => {
      const labels = state.labels((row) => state.test.labels?.[first + row] ?? 0, count());
      return reconstructions.draw(session, { reconstructions: shown.slice(), ...labels }, columns());
    });

  button('others', () => {
    first = first + 2 * count() > state.test.count ? 0 : first + count();
    renew();
    void refresh();
  });
  button('reconstructions-png', () => {
    const middle = state.model?.corruption ? [damaged.canvas] : [];
    downloadPng([originals.canvas, ...middle, ...reconstructions.canvases], pngName(state, 'reconstructions'));
  });
  return { renew, refresh };
}
