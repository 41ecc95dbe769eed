// A straight line of codes from one test image to another, decoded.
import { button, byId } from '../dom.js';
import { GpuPicture } from '../drawing/picture.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

const STEPS = 10;

export function walkPanel(state: State): Panel {
  const picture = new GpuPicture(byId('walk'), 'Images decoded along the way from one test image to another');
  let from = 0;
  /** As likely another class as not: the digits come in turn. */
  const to = () => (from + 3) % Math.max(1, state.test.count);

  const refresh = () =>
    state.ask(async (session) => {
      const labelOf = (image: number) => state.test.labels?.[image] ?? 0;
      const ends = new Float32Array(2 * state.pixels);
      ends.set(state.values(from, 1));
      ends.set(state.values(to(), 1), state.pixels);
      const { latent } = state;
      const { mean } = await session.encode(
        ends,
        state.labels((row) => labelOf(row === 0 ? from : to()), 2),
      );
      const codes = Float32Array.from({ length: STEPS * latent }, (_, i) => {
        const share = Math.floor(i / latent) / (STEPS - 1);
        return (1 - share) * (mean[i % latent] ?? 0) + share * (mean[latent + (i % latent)] ?? 0);
      });
      // A class cannot be half of one and half of another: it changes in the middle.
      const labels = state.labels((row) => labelOf(row < STEPS / 2 ? from : to()), STEPS);
      await picture.draw(session, { codes, ...labels }, STEPS);
    });
  button('pair', () => {
    from = (from + 7) % Math.max(1, state.test.count);
    void refresh();
  });
  button('walk-png', () => picture.download('walk.png'));
  return {
    renew: () => {
      if (from >= state.test.count) from = 0;
      picture.shape(1, STEPS, state.test);
    },
    refresh,
  };
}
