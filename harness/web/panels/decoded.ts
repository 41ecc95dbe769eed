// The image at the place that the visitor looks at, and sliders for its code's dimensions.
import { byId, latest, make, setText } from '../dom.js';
import { ModelPicture } from '../drawing/picture.js';
import { byVariance, moments } from '../drawing/project.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

/** More sliders than that nobody moves. */
const MOST_SLIDERS = 12;
/** A slider goes so many standard deviations to each side: of the test images' codes, and of the prior if there is one. */
const REACH = 3;
const LEAST_REACH = 0.1;
/** Of a row of features. */
const MOST_FEATURES = 40;

interface Slider {
  dimension: number;
  input: HTMLInputElement;
  value: HTMLElement;
}

export function decodedPanel(state: State): Panel {
  const picture = new ModelPicture(state, byId('decoded'), 'The image decoded from this place');
  const chosen = byId<HTMLSelectElement>('decoded-class');
  let sliders: Slider[] = [];
  function renew(): void {
    picture.shape(1, 1);
    document.body.classList.toggle('vectors', !state.size);
    document.body.classList.toggle('conditional', state.classes !== undefined);
    document.body.classList.toggle('denoising', state.model?.corruption !== undefined);
    document.body.classList.toggle('large', state.latent > 2);
    document.body.classList.toggle('line', state.latent === 1);
    fillClasses(chosen, state);
    build(Array.from({ length: Math.min(MOST_SLIDERS, state.latent) }, (_, d) => d));
  }

  function build(dimensions: number[]): void {
    sliders = dimensions.map((dimension) => {
      const id = `dimension-${dimension}`;
      const input = make('input', { id, type: 'range', min: '-3', max: '3', step: 'any', value: '0' });
      const value = make('output', { for: id });
      input.addEventListener('input', () => {
        const point = state.point.slice();
        point[dimension] = input.valueAsNumber;
        state.setPoint(point);
      });
      return { dimension, input, value };
    });
    const rows = sliders.map(({ dimension, input, value }) =>
      make('div', {}, make('label', { for: input.id }, `z${dimension + 1}`), input, value),
    );
    byId('sliders').replaceChildren(...rows);
    setText(
      byId('sliders-title'),
      state.latent > MOST_SLIDERS
        ? `One dimension at a time: the ${MOST_SLIDERS} of largest variance of ${state.latent}`
        : 'One dimension at a time',
    );
    showPoint();
  }

  /** Which dimensions, and how far each goes; while training, only where codes have left a range, or fill little of it. */
  async function fit(): Promise<void> {
    const codes = await state.codes();
    const all = byId('sliders');
    if (!codes || all.querySelector(':active')) return; // what is in somebody's hand stays as it is
    const training = state.phase === 'training';
    const { mean, variance } = moments(codes, state.latent);
    const hasPrior = state.model?.code.kind === 'gaussian';
    const dimensions = byVariance(variance)
      .slice(0, MOST_SLIDERS)
      .sort((a, b) => a - b);
    const inUse = training && all.contains(document.activeElement);
    if (!inUse && dimensions.some((dimension, i) => sliders[i]?.dimension !== dimension)) build(dimensions);
    for (const { dimension, input } of sliders) {
      const middle = mean[dimension] ?? 0;
      const reach = Math.max(LEAST_REACH, REACH * Math.sqrt(variance[dimension] ?? 0));
      const z = state.point[dimension] ?? 0;
      const ends = [z, middle - reach, middle + reach, ...(hasPrior ? [-REACH, REACH] : [])];
      const [low, high] = [Math.min(...ends), Math.max(...ends)];
      const [min, max] = [Number(input.min), Number(input.max)];
      const slack = 0.15 * (high - low);
      if (training && min <= low + slack && max >= high - slack && max - min < 2 * (high - low)) continue;
      input.min = low.toFixed(3);
      input.max = high.toFixed(3);
    }
    showPoint();
  }

  function showPoint(): void {
    for (const { dimension, input, value } of sliders) {
      const z = state.point[dimension] ?? 0;
      input.value = String(z);
      value.textContent = z.toFixed(2);
    }
    const shown = Array.from(state.point.subarray(0, 4), (z) => z.toFixed(2)).join(', ');
    setText(byId('place'), `z = (${shown}${state.latent > 4 ? ', …' : ''})`);
  }

  const draw = latest(async () => {
    const labels = state.labels(() => state.label, 1);
    const codes = state.point.slice();
    if (state.size) {
      await state.ask((session) => picture.draw(session, { codes, ...labels }, 1));
      return;
    }
    const values = await state.ask((session) => session.decode(codes, labels));
    if (values) showFeatures(byId('decoded-features'), state, values);
  });

  chosen.addEventListener('change', () => {
    state.label = Number(chosen.value);
    state.chosen = true; // the visitor compares classes at one place: it stays
    state.tell('point');
  });
  state.on('point', () => {
    showPoint();
    void draw();
  });
  return {
    renew,
    refresh: async () => {
      await fit();
      await draw();
    },
    place: byId('latent'),
  };
}

/** Of a row of features: the name of each, a bar, and its value in the data's units. */
function showFeatures(place: HTMLElement, state: State, values: Float32Array): void {
  const shades = state.shades(values);
  const rows = Array.from(values.subarray(0, MOST_FEATURES), (value, at) => {
    const width = `${(100 * Math.min(1, Math.max(0, shades[at] ?? 0))).toFixed(1)}%`;
    const bar = make('span', { class: 'bar', style: `width: ${width}` });
    const name = state.features[at] ?? `number ${at + 1}`;
    return make('tr', {}, make('th', { scope: 'row' }, name), make('td', {}, bar), make('td', {}, figures(value)));
  });
  const more = values.length - rows.length;
  const rest = more > 0 ? [make('tr', {}, make('td', { colspan: '3' }, `… and ${more} more`))] : [];
  place.replaceChildren(make('tbody', {}, ...rows, ...rest));
}

const figures = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 4 });

/** The classes of a conditional model to choose from. */
export function fillClasses(select: HTMLSelectElement, state: State): void {
  const { classes = 0, label } = state;
  const option = (_: unknown, i: number) => make('option', { value: String(i) }, state.className(i));
  select.replaceChildren(...Array.from({ length: classes }, option));
  if (classes > 0) select.value = String(label);
}
