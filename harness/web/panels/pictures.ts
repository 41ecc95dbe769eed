// Test images above what the model makes of them; for a denoising model, what it is shown between them. Of rows of features,
// charts: bars of a row, or of what is left of it, with marks of what the model makes of it.
import { button, byId } from '../dom.js';
import { frameOn, imageAt } from '../drawing/frame.js';
import { downloadPng, HostPicture, ModelPicture } from '../drawing/picture.js';
import { damaged as damagedBy } from '../drawing/shades.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

const SHOWN = 20;
const COLUMNS = 10;
/** Of charts, which are larger. */
const CHARTS = 12;
const CHART_COLUMNS = 3;

/** Of a picture's file: of what, by which model, after how much training. */
export const pngName = ({ made, step }: State, what: string): string =>
  `latentgpu-${what}-${made.preset}-step-${step}.png`;

export function picturesPanel(state: State): Panel {
  const originals = new HostPicture(byId('originals'), 'Test images');
  const damaged = new HostPicture(byId('damaged'), 'Damaged test images');
  const reconstructions = new ModelPicture(state, byId('reconstructions'), 'The same images, reconstructed');
  let first = 0;
  let shown: Float32Array = new Float32Array();

  const columns = () => Math.min(state.size ? COLUMNS : CHART_COLUMNS, count());
  const count = () => Math.min(state.size ? SHOWN : CHARTS, state.testCount);
  function renew(): void {
    if (first + count() > state.testCount) first = 0;
    const { size, model } = state;
    shown = state.values(first, count());
    if (size) originals.draw(state.shades(shown), size, columns());
    reconstructions.shape(Math.ceil(count() / columns()), columns());
    if (!model?.corruption) return;
    shown = damagedBy(shown, model.corruption, first, model.scaling);
    if (size) damaged.draw(state.shades(shown), size, columns());
  }
  const refresh = async () => {
    await state.ask((session) => {
      const labels = state.labels((row) => state.test.labels?.[first + row] ?? 0, count());
      return reconstructions.draw(session, { reconstructions: shown.slice(), ...labels }, columns(), shown);
    });
    mark();
  };
  const places = ['originals', 'damaged', 'reconstructions'].map((id) => byId(id));
  const grid = () => ({ columns: columns(), rows: Math.ceil(count() / columns()) });
  /** A frame around the image that all panels mark, if it is one of these. */
  function mark(): void {
    const at = state.size && state.marked !== undefined ? state.marked - first : -1;
    for (const place of places) frameOn(place, at >= 0 && at < count() ? at : undefined, grid());
  }
  let turnedTo: number | undefined;
  state.on('marked', () => {
    const { image } = state;
    const isOther = image !== turnedTo;
    turnedTo = image;
    if (isOther && state.size && image !== undefined) turnTo(image);
    mark();
  });
  /** The images among which one is. */
  function turnTo(image: number): void {
    if (image >= first && image < first + count()) return;
    first = Math.min(Math.floor(image / count()) * count(), state.testCount - count());
    renew();
    void refresh();
  }
  for (const place of places) {
    const pointedAt = (event: MouseEvent) => (state.size ? imageAt(place, event, grid()) : -1);
    const within = (at: number) => (at >= 0 && at < count() ? first + at : undefined);
    place.addEventListener('pointermove', (event) => state.hover(within(pointedAt(event))));
    place.addEventListener('pointerleave', () => state.hover(undefined));
    place.addEventListener('click', (event) => {
      const image = within(pointedAt(event));
      if (image !== undefined) state.choose(image);
    });
  }

  button('others', () => {
    first = first + 2 * count() > state.testCount ? 0 : first + count();
    renew();
    void refresh();
  });
  button('reconstructions-png', () => {
    const middle = state.model?.corruption ? [damaged.canvas] : [];
    const above = state.size ? [originals.canvas, ...middle] : [];
    downloadPng([...above, ...reconstructions.canvases], pngName(state, 'reconstructions'));
  });
  return { renew, refresh, place: byId('pictures') };
}
