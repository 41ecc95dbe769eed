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

/** A seven, as shares of the pad's width and height. */
const SEVEN: readonly Spot[] = [
  [0.3, 0.25],
  [0.7, 0.25],
  [0.45, 0.8],
];
/** Each of its lines is drawn in so many pieces, one after the other. */
const PIECES = 8;
const PIECE_MS = 40;

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
  /** The test image on the pad, and the one that comes next. */
  let borrowed: number | undefined;
  let next = 0;
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
    const values = state.unshaded(pixels());
    await state.ask((session) => redrawn.draw(session, { reconstructions: values.slice(), ...labels }, 1));
    // Where it lies on the map; an image of the data's is there as a point.
    const own = borrowed === undefined && sheet.clean.some((value) => value > 0);
    const codes = own ? await state.ask((session) => session.encode(values.slice(), labels)) : undefined;
    state.setDrawing(codes?.mean);
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
      borrowed = undefined;
      mark();
      changed();
    },
    keysAt: (spot) => {
      keys = spot;
      show();
    },
  });
  const mark = () => frame.classList.toggle('marked', borrowed !== undefined && borrowed === state.marked);
  state.on('marked', mark);
  const borrow = (index: number) => {
    borrowed = index;
    next = (index + 1) % Math.max(1, state.testCount);
    sheet = new Sheet(sizeOf(state), state.shades(state.values(index, 1)));
    label.value = String(state.test.labels?.[index] ?? 0);
    mark();
    changed();
  };
  // What the visitor drew stays until they ask for something else.
  state.on('image', () => {
    if (state.size && !drawn && state.image !== undefined && state.image !== borrowed) borrow(state.image);
  });
  button('borrow', () => {
    drawn = false;
    borrow(next);
    state.choose(borrowed ?? 0);
  });
  button('clear', () => {
    sheet = new Sheet(sheet.size);
    borrowed = undefined;
    mark();
    changed();
  });
  button('damage', () => {
    sheet.addNoise();
    changed();
  });
  /** As a visitor would: stroke by stroke, so that one sees what the model makes of each. */
  async function drawSeven(): Promise<void> {
    byId('pad-panel').scrollIntoView({ block: 'nearest' });
    sheet = new Sheet(sheet.size);
    drawn = true;
    borrowed = undefined;
    mark();
    const drawing = sheet;
    const { width, height } = sheet.size;
    const spots = SEVEN.slice(1).flatMap((to, line) => {
      const from = SEVEN[line] ?? to;
      return Array.from({ length: PIECES }, (_, i): Spot => {
        const share = (i + 1) / PIECES;
        return [(from[0] + share * (to[0] - from[0])) * width, (from[1] + share * (to[1] - from[1])) * height];
      });
    });
    let from = spots[0] as Spot;
    for (const to of spots) {
      if (sheet !== drawing) return; // the visitor wants another
      sheet.draw({ from, to, pen: 'ink' });
      from = to;
      changed();
      await new Promise((resolve) => setTimeout(resolve, PIECE_MS));
    }
  }
  button('draw-seven', drawSeven);
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
    if (!fits || (!drawn && dataName !== state.dataName)) borrow(fits ? next : 0);
    else show();
    dataName = state.dataName;
  }
  return { renew, refresh: redraw, place: byId('pad-panel') };
}

const sizeOf = ({ size = { height: 0, width: 0, channels: 1 } }: State): Size => size;
