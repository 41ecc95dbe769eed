// A pad to draw on with ink, noise or a rubber, and what the model makes of the drawing. Noise is the model's own damage, where
// it has one.
import { button, byId, eachFrame, latest } from '../dom.js';
import { drawPad } from '../drawing/draw-pad.js';
import { listen } from '../drawing/hand.js';
import { ModelPicture } from '../drawing/picture.js';
import { type Pen, Sheet, type Size, type Spot } from '../drawing/sheet.js';
import type { State } from '../state.js';
import { fillClasses } from './decoded.js';
import type { Panel } from './panel.js';

/** Damage for models that have none of their own. */
const NOISE = { kind: 'gaussian', amount: 0.3 } as const;

export function padPanel(state: State): Panel {
  const frame = byId('pad');
  const canvas = byId<HTMLCanvasElement>('ink');
  const pen = byId<HTMLSelectElement>('pen');
  const label = byId<HTMLSelectElement>('pad-class');
  const redrawn = new ModelPicture(state, byId('redrawn'), 'Your drawing, reconstructed');
  let sheet = new Sheet({ height: 0, width: 0 });
  /** Where the keys are, while it is they that draw. */
  let keys: Spot | undefined;
  let borrowed = 0;
  /** Whether the visitor drew, and not only the page put an image there. */
  let drawn = false;
  /** From which the page's image is. */
  let dataName = '';
  /** Whether the last model was one that cleans noise away. */
  let denoising = false;

  const pixels = () => sheet.shown(state.model?.corruption ?? NOISE);
  const show = eachFrame(() => drawPad(canvas, pixels(), sheet.size, keys));
  const redraw = latest(async () => {
    if (!state.size || sheet.clean.length !== state.inputs || state.inputs === 0) return;
    const labels = state.labels(() => Number(label.value), 1);
    await state.ask((session) =>
      redrawn.draw(session, { reconstructions: state.unshaded(pixels()).slice(), ...labels }, 1),
    );
  });
  const changed = () => {
    show();
    void redraw();
  };

  listen(frame, {
    size: () => sheet.size,
    stroke: (from, to) => {
      sheet.draw({ from, to, pen: pen.value as Pen });
      drawn = true;
      changed();
    },
    keysAt: (spot) => {
      keys = spot;
      show();
    },
  });
  const borrow = () => {
    const index = borrowed++ % Math.max(1, state.testCount);
    sheet = new Sheet(sizeOf(state), state.shades(state.values(index, 1)));
    label.value = String(state.test.labels?.[index] ?? 0);
    changed();
  };
  button('borrow', borrow);
  button('clear', () => {
    sheet = new Sheet(sheet.size);
    changed();
  });
  button('damage', () => {
    sheet.addNoise();
    changed();
  });
  label.addEventListener('change', () => void redraw());

  function renew(): void {
    if (!state.size) return; // rows of features are not drawn
    const size = sizeOf(state);
    redrawn.shape(1, 1);
    frame.style.aspectRatio = `${size.width} / ${size.height}`;
    const before = label.value;
    fillClasses(label, state);
    if (before !== '' && Number(before) < (state.classes ?? 0)) label.value = before;
    // What a model is for is what the pen does at first; after that the visitor has chosen.
    if (denoising !== (state.model?.corruption !== undefined)) {
      denoising = !denoising;
      pen.value = (denoising ? 'noise' : 'ink') satisfies Pen;
    }
    // An empty pad reconstructs to nothing to look at: begin with an image.
    const fits =
      sheet.size.height === size.height && sheet.size.width === size.width && sheet.size.channels === size.channels;
    if (!fits || (!drawn && dataName !== state.dataName)) borrow();
    else show();
    dataName = state.dataName;
  }
  return { renew, refresh: redraw, place: byId('pad-panel') };
}

const sizeOf = ({ size = { height: 0, width: 0, channels: 1 } }: State): Size => size;
