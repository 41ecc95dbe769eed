// Straight lines of codes from one test image to another, decoded.
import { button, byId } from '../dom.js';
import { GpuPicture } from '../drawing/picture.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';
import { pngName } from './pictures.js';

const STEPS = 10;
const WALKS = 3;

export function walkPanel(state: State): Panel {
  const picture = new GpuPicture(byId('walk'), 'Images decoded along the way from one test image to another');
  let first = 0;

  const refresh = () =>
    state.ask(async (session) => {
      const { latent, pixels, test } = state;
      // The digits come in turn, so the images of a pair are of two classes; no walk has an end of another one's.
      const image = (end: number) => (first + 3 * end) % Math.max(1, test.count);
      const labelOf = (end: number) => test.labels?.[image(end)] ?? 0;
      const ends = new Float32Array(2 * WALKS * pixels);
      for (let end = 0; end < 2 * WALKS; end++) ends.set(state.values(image(end), 1), end * pixels);
      const { mean } = await session.encode(ends, state.labels(labelOf, 2 * WALKS));
      const codes = Float32Array.from({ length: WALKS * STEPS * latent }, (_, i) => {
        const [walk, step, d] = [Math.floor(i / (STEPS * latent)), Math.floor(i / latent) % STEPS, i % latent];
        const share = step / (STEPS - 1);
        return (1 - share) * (mean[2 * walk * latent + d] ?? 0) + share * (mean[(2 * walk + 1) * latent + d] ?? 0);
      });
      // A class cannot be half of one and half of another: it changes in the middle.
      const end = (row: number) => 2 * Math.floor(row / STEPS) + (row % STEPS < STEPS / 2 ? 0 : 1);
      const labels = state.labels((row) => labelOf(end(row)), WALKS * STEPS);
      await picture.draw(session, { codes, ...labels }, STEPS);
    });
  button('pair', () => {
    first = (first + 7) % Math.max(1, state.test.count);
    void refresh();
  });
  button('walk-png', () => picture.download(pngName(state, 'walk')));
  return {
    renew: () => {
      if (first >= state.test.count) first = 0;
      picture.shape(WALKS, STEPS, state.test);
    },
    refresh,
  };
}
