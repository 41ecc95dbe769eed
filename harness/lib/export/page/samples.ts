// Images decoded from random codes: of the prior, or, for a model that has none, of what fits the test images' codes. A
// conditional model is asked for a row of each class, with the same codes in each, as generate.js draws them.
import type { Model } from 'latentgpu';
import { button, byId, latest, make, setText } from '../../../web/dom.js';
import { downloadPng, HostPicture } from '../../../web/drawing/picture.js';
import { labelsFor } from '../../generate/labels.js';
import { fillClasses } from './classes.js';
import { drawFitted } from './draw-codes.js';
import type { State } from './state.js';

const COLUMNS = 8;
const ROWS = 8;
/** More classes are shown one at a time. */
const MOST_ROWS = 16;
const EACH = 'each';

export function samplesPanel(state: State): void {
  const { spec, examples } = state;
  const { classes } = spec;
  const field = byId<HTMLInputElement>('seed');
  const chosen = byId<HTMLSelectElement>('samples-class');
  const picture = new HostPicture(byId('samples'), 'Images decoded from random codes');
  const save = button('samples-png', () => downloadPng([picture.canvas], `samples-seed-${field.value}.png`));
  const gaussian = spec.code.kind === 'gaussian';
  const possible = gaussian || examples.count > 0;
  fillClasses(chosen, classes, classes !== undefined && classes <= MOST_ROWS ? [[EACH, 'each, a row']] : []);
  setText(byId('samples-help'), helpOf(state));

  const draw = latest(async () => {
    const seed = seedOf(field);
    const perClass = classes !== undefined && chosen.value === EACH;
    const rows = perClass ? classes : ROWS;
    const label = (row: number) => (perClass ? row : Number(chosen.value));
    const made = await state.ask(async (model) => {
      const codes = perClass
        ? repeated(codesOf(state, model, COLUMNS, seed), rows)
        : codesOf(state, model, rows * COLUMNS, seed);
      const labels = Uint8Array.from({ length: rows * COLUMNS }, (_, i) => label(Math.floor(i / COLUMNS)));
      return { codes, labels, images: await model.decode(codes, labelsFor(spec, labels)) };
    });
    if (!made) return;
    const { codes, labels, images } = made;
    picture.draw(images, examples, COLUMNS);
    byId('rows').replaceChildren(...(perClass ? Array.from(Array(rows), (_, row) => make('li', {}, String(row))) : []));
    const of = classes === undefined ? '' : perClass ? ', a row for each class' : ` of class ${chosen.value}`;
    picture.canvas.setAttribute('aria-label', `${rows * COLUMNS} samples${of}, seed ${seed}`);
    save.disabled = false;
    const latent = spec.code.units;
    state.samples = Array.from({ length: rows * COLUMNS }, (_, i) => ({
      name: `Sample ${i + 1}`,
      image: images.slice(i * spec.inputs, (i + 1) * spec.inputs),
      code: codes.slice(i * latent, (i + 1) * latent),
      label: classes === undefined ? undefined : labels[i],
    }));
    state.tell('samples');
  });

  const another = button('sample', () => {
    field.value = String(seedOf(field) + 1);
    void draw();
  });
  field.addEventListener('change', () => {
    field.value = String(seedOf(field));
    void draw();
  });
  chosen.addEventListener('change', () => void draw());
  state.on('phase', () => {
    another.disabled = state.phase !== 'ready' || !possible;
    field.disabled = !possible;
    if (gaussian) void draw();
  });
  // The others have to wait for codes to fit.
  state.on('examples', () => {
    if (!gaussian) void draw();
  });
}

/** [count, latent] */
const codesOf = (state: State, model: Model, count: number, seed: number): Float32Array =>
  state.spec.code.kind === 'gaussian'
    ? model.priorCodes(count, seed)
    : drawFitted(state.exampleCodes, state.spec.code.units, count, seed);

function repeated(codes: Float32Array, times: number): Float32Array {
  const all = new Float32Array(codes.length * times);
  for (let i = 0; i < times; i++) all.set(codes, i * codes.length);
  return all;
}

/** A whole number of at least 0, whatever was written. */
const seedOf = ({ value }: HTMLInputElement): number =>
  Math.min(Number.MAX_SAFE_INTEGER - 1, Math.max(0, Math.round(Number(value)) || 0));

function helpOf({ spec, examples }: State): string {
  const seeds = 'Sample takes the next seed; the same seed always gives the same images.';
  if (spec.code.kind === 'gaussian')
    return `Decoded from codes drawn from the prior, N(0, 1): no image went in. ${seeds}`;
  if (examples.count === 0)
    return 'This model has no prior to draw codes from, and the page holds no test images whose codes could stand in for one: it cannot sample. It encodes and walks between your images.';
  return `This model has no prior to draw codes from. These come from a normal distribution that fits the codes of the ${examples.count} test images in this page: what they decode to may look less like the data than a variational model's samples. ${seeds}`;
}
