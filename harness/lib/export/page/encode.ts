// An image of the visitor's: drawn, from a file, or one of the test images; its code, and what the decoder makes of that.

import { pictureIn } from '../../../web/data/picture-pixels.js';
import { button, byId, eachFrame, latest, make, setText } from '../../../web/dom.js';
import { drawPad } from '../../../web/drawing/draw-pad.js';
import { listen } from '../../../web/drawing/hand.js';
import { HostPicture } from '../../../web/drawing/picture.js';
import { type Pen, Sheet, type Spot } from '../../../web/drawing/sheet.js';
import { labelsFor } from '../../generate/labels.js';
import { fillClasses } from './classes.js';
import { codeInWords } from './code-in-words.js';
import { codeStrip } from './code-strip.js';
import { messageOf, type State } from './state.js';

/** Test images to choose from at a time. */
const SHOWN = 12;
/** Drawn on a pad of any model; only one that restores images shows noise. */
const NO_NOISE = { kind: 'gaussian', amount: 0.3 } as const;

export function encodePanel(state: State): void {
  const { spec, examples } = state;
  const { height, width, channels } = examples;
  const size = { height, width, channels };
  const frame = byId('pad');
  const pen = byId<HTMLSelectElement>('pen');
  const label = byId<HTMLSelectElement>('own-class');
  const redrawn = new HostPicture(byId('redrawn'), 'Your image, reconstructed');
  let sheet = new Sheet(size);
  /** Where the keys are, while it is they that draw. */
  let keys: Spot | undefined;
  let name = 'Your image';
  let first = 0;

  frame.style.aspectRatio = byId('redrawn').style.aspectRatio = `${size.width} / ${size.height}`;
  fillClasses(label, spec.classes);
  if (spec.corruption) pen.add(make('option', { value: 'noise' }, 'Noise'));
  const quantised = spec.code.kind === 'quantized' ? spec.code : undefined;
  byId<HTMLDetailsElement>('numbers-details').open = quantised !== undefined;
  setText(
    byId('code-help'),
    quantised
      ? `${codeInWords(quantised)}: the numbers of these vectors, from 0 to ${quantised.codes - 1}, place by place.`
      : spec.code.kind === 'gaussian'
        ? 'A bar for each number of the code: the mean that the encoder gives, and a line of one standard deviation to each side.'
        : 'A bar for each number of the code.',
  );

  const pixels = () => sheet.shown(spec.corruption ?? NO_NOISE);
  const show = eachFrame(() => drawPad(byId<HTMLCanvasElement>('ink'), pixels(), size, keys));
  const encode = latest(async () => {
    const [image, of] = [pixels(), Number(label.value)];
    const labels = labelsFor(spec, Uint8Array.of(of));
    const made = await state.ask(async (model) => {
      const codes = await model.encode(image, labels);
      return { ...codes, reconstruction: await model.decode(codes.mean, labels) };
    });
    if (!made) return;
    const { mean, logVar, indices, reconstruction } = made;
    redrawn.draw(reconstruction, size, 1);
    if (!quantised) {
      const spread = logVar?.map((value) => Math.exp(value / 2));
      byId('code').replaceChildren(codeStrip(mean, spread));
    }
    setText(byId('numbers'), indices ? indices.join(', ') : [...mean].map((value) => value.toFixed(3)).join(', '));
    state.own = { name, image, code: mean, label: spec.classes === undefined ? undefined : of };
    state.reconstruction = reconstruction;
    state.tell('own');
  });
  const changed = () => {
    setText(byId('own-fault'), '');
    show();
    void encode();
  };

  listen(frame, {
    size: () => size,
    stroke: (from, to) => {
      sheet.draw({ from, to, pen: pen.value as Pen });
      name = 'Your image';
      changed();
    },
    keysAt: (spot) => {
      keys = spot;
      show();
    },
  });
  const take = (image: Float32Array, called: string) => {
    sheet = new Sheet(size, image);
    name = called;
    changed();
  };
  button('clear', () => take(new Float32Array(spec.inputs), 'Your image'));
  button('invert', () =>
    take(
      sheet.clean.map((value) => 1 - value),
      'Your image',
    ),
  );
  button('damage', () => {
    sheet.addNoise();
    changed();
  });
  label.addEventListener('change', () => void encode());

  const takeFile = async (file: File | undefined) => {
    if (!file) return;
    try {
      const bytes = await pictureIn(file, size, channels);
      take(
        Float32Array.from(bytes, (byte) => byte / 255),
        file.name,
      );
    } catch (error) {
      setText(byId('own-fault'), `${messageOf(error)}.`);
    }
  };
  const input = byId<HTMLInputElement>('file');
  button('choose', () => input.click());
  input.addEventListener('change', () => {
    void takeFile(input.files?.[0]);
    input.value = ''; // the same file may be chosen again
  });
  acceptDrops(byId('encode-panel'), frame, takeFile);

  const takeExample = (index: number) => {
    label.value = String(examples.labels?.[index] ?? 0);
    take(state.exampleImage(index), exampleName(state, index));
  };
  function showExamples(): void {
    const count = Math.min(SHOWN, examples.count);
    const buttons = Array.from({ length: count }, (_, i) => {
      const index = (first + i) % examples.count;
      const item = make('button', { type: 'button', 'aria-label': exampleName(state, index) });
      new HostPicture(item, '').draw(state.exampleImage(index), size, 1);
      item.firstElementChild?.setAttribute('aria-hidden', 'true');
      item.addEventListener('click', () => takeExample(index));
      return item;
    });
    byId('examples').replaceChildren(...buttons);
  }
  button('others', () => {
    first = (first + SHOWN) % examples.count;
    showExamples();
  }).hidden = examples.count <= SHOWN;

  const encodeExamples = latest(async () => {
    if (examples.count === 0) return;
    const codes = await state.ask((model) => model.encode(examples.pixels, labelsFor(spec, examples.labels)));
    if (!codes) return;
    state.exampleCodes = codes.mean;
    state.tell('examples');
  });
  state.on('phase', () => {
    if (state.phase !== 'ready') return;
    void encodeExamples();
    void encode();
  });
  if (examples.count > 0) {
    showExamples();
    takeExample(0); // an empty pad reconstructs to nothing to look at
  } else show();
}

/** Test image 3, class 7: counted from 0, as generate.js counts them. */
export function exampleName({ examples }: State, index: number): string {
  const label = examples.labels?.[index];
  return `Test image ${index}${label === undefined ? '' : `, class ${label}`}`;
}

/** A picture that is dropped on `place`, while `frame` shows that it may be; elsewhere it would replace the page. */
function acceptDrops(place: HTMLElement, frame: HTMLElement, take: (file: File | undefined) => unknown): void {
  const over = (is: boolean) => frame.classList.toggle('over', is);
  addEventListener('dragover', (event) => {
    event.preventDefault();
    over(place.contains(event.target as Node));
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) over(false);
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    over(false);
    if (place.contains(event.target as Node)) void take(event.dataTransfer?.files[0]);
  });
}
