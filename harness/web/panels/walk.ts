// Straight lines of codes from one test image to another, decoded.
import { button, byId } from '../dom.js';
import { ModelPicture } from '../drawing/picture.js';
import type { State } from '../state.js';
import { imageChoice } from './image-choice.js';
import type { Panel } from './panel.js';
import { pngName } from './pictures.js';

const STEPS = 10;
/** Charts are larger. */
const CHART_STEPS = 5;
const WALKS = 3;

export function walkPanel(state: State): Panel {
  const picture = new ModelPicture(state, byId('walk'), 'Images decoded along the way from one test image to another');
  const [from, to] = [byId<HTMLInputElement>('walk-from'), byId<HTMLInputElement>('walk-to')];
  const choices = [from, to].map((field, index) =>
    imageChoice(state, `${field.id}-picture`, (image) => {
      setEnd(index, image);
      state.choose(image);
    }),
  );
  /** The test image at each end of each walk, from 0; those of the first walk the visitor may choose. */
  let ends: number[] = [];

  const stepCount = () => (state.size ? STEPS : CHART_STEPS);
  const refresh = () =>
    state.ask(async (session) => {
      const { latent, inputs, test } = state;
      const steps = stepCount();
      const labelOf = (end: number) => test.labels?.[ends[end] ?? 0] ?? 0;
      const images = new Float32Array(2 * WALKS * inputs);
      ends.forEach((image, end) => {
        images.set(state.values(image, 1), end * inputs);
      });
      const { mean } = await session.encode(images, state.labels(labelOf, 2 * WALKS));
      const codes = Float32Array.from({ length: WALKS * steps * latent }, (_, i) => {
        const [walk, step, d] = [Math.floor(i / (steps * latent)), Math.floor(i / latent) % steps, i % latent];
        const share = step / (steps - 1);
        return (1 - share) * (mean[2 * walk * latent + d] ?? 0) + share * (mean[(2 * walk + 1) * latent + d] ?? 0);
      });
      // A class cannot be half of one and half of another: it changes in the middle.
      const end = (row: number) => 2 * Math.floor(row / steps) + (row % steps < steps / 2 ? 0 : 1);
      const labels = state.labels((row) => labelOf(end(row)), WALKS * steps);
      await picture.draw(session, { codes, ...labels }, steps);
    });
  /** Walks between images from `first` on: the digits come in turn, so the two of a pair are of two classes. */
  function choose(first: number): void {
    const count = Math.max(1, state.testCount);
    const step = count % 3 === 0 ? 1 : 3; // no image twice, if there are enough
    ends = Array.from({ length: 2 * WALKS }, (_, end) => (first + step * end) % count);
    for (const [index, field] of [from, to].entries()) {
      field.max = String(count);
      showEnd(index);
    }
  }
  function showEnd(index: number): void {
    const field = index === 0 ? from : to;
    field.value = String((ends[index] ?? 0) + 1);
    choices[index]?.show(ends[index] ?? 0);
  }
  function setEnd(index: number, image: number): void {
    ends[index] = image;
    showEnd(index);
    mark();
    void refresh();
  }
  const mark = () => {
    for (const index of [0, 1]) choices[index]?.mark(ends[index] === state.marked);
  };
  state.on('marked', mark);
  // What was chosen elsewhere is where the walk begins.
  state.on('image', () => {
    if (state.image !== undefined && !ends.slice(0, 2).includes(state.image)) setEnd(0, state.image);
  });
  button('pair', () => {
    choose((ends[0] ?? 0) + (state.testCount % 7 === 0 ? 1 : 7));
    void refresh();
  });
  for (const [index, field] of [from, to].entries())
    field.addEventListener('change', () => {
      const count = Math.max(1, state.testCount);
      const chosen = Math.min(count, Math.max(1, Math.round(field.valueAsNumber || 1)));
      setEnd(index, chosen - 1);
    });
  button('walk-png', () => picture.download(pngName(state, 'walk')));
  return {
    renew: () => {
      if (ends.length === 0 || ends.some((image) => image >= state.testCount)) choose(0);
      from.max = to.max = String(state.testCount);
      for (const index of [0, 1]) showEnd(index);
      mark();
      picture.shape(WALKS, stepCount());
    },
    refresh,
    place: byId('walk-panel'),
  };
}
