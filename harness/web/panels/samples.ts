// Images decoded from the prior: what the model makes up. A conditional model is asked for a row of each class.
import { button, byId, setText } from '../dom.js';
import { normals } from '../drawing/normals.js';
import { ModelPicture } from '../drawing/picture.js';
import { moments } from '../drawing/project.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';
import { pngName } from './pictures.js';

const COLUMNS = 10;
const ROWS = 6;
/** Charts are larger. */
const CHART_COLUMNS = 3;
const CHART_ROWS = 4;

export function samplesPanel(state: State): Panel {
  const picture = new ModelPicture(state, byId('samples'), 'Images decoded from random codes');
  let seed = 1;
  const columns = () => (state.size ? COLUMNS : CHART_COLUMNS);
  const rows = () => state.classes ?? (state.size ? ROWS : CHART_ROWS);

  function renew(): void {
    picture.shape(rows(), columns());
    setText(byId('samples-help'), state.worded(helpOf(state)));
  }
  const refresh = () =>
    state.ask(async (session) => {
      const count = rows() * columns();
      const labels = state.labels((row) => Math.floor(row / columns()), count);
      const drawing =
        state.model?.code.kind === 'gaussian'
          ? { samples: count, seed }
          : {
              codes: fitted((await state.codes()) ?? new Float32Array(), state.latent, count, seed),
            };
      await picture.draw(session, { ...drawing, ...labels }, columns());
    });
  button('resample', () => {
    seed++;
    void refresh();
  });
  button('samples-png', () => picture.download(pngName(state, 'samples')));
  return { renew, refresh, place: byId('samples-panel') };
}

function helpOf({ model }: State): string {
  if (model?.code.kind !== 'gaussian')
    return 'This model has no prior to draw from: these are codes drawn from a normal distribution that fits the test images’ codes, dimension by dimension.';
  return model.classes === undefined
    ? 'Decoded from codes drawn from the prior, N(0, 1): no image went in.'
    : 'Decoded from codes drawn from the prior, N(0, 1): a row for each class that the model was asked for.';
}

/** Codes drawn from a normal distribution with each dimension's mean and variance. */
function fitted(codes: Float32Array, latent: number, count: number, seed: number): Float32Array<ArrayBuffer> {
  const { mean, variance } = moments(codes, latent);
  const normal = normals(seed);
  return Float32Array.from(
    { length: count * latent },
    (_, i) => (mean[i % latent] ?? 0) + Math.sqrt(variance[i % latent] ?? 0) * normal(),
  );
}
