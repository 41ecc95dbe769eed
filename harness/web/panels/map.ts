// The map of the latent space: where the test images' codes lie, now and at earlier steps, and a place on it that is decoded as it
// is dragged about.
import { byId, eachFrame, latest, make, setText } from '../dom.js';
import { MapHistory } from '../drawing/history.js';
import { classColour } from '../drawing/palette.js';
import { HostPicture, ModelPicture } from '../drawing/picture.js';
import {
  drawCross,
  drawLine,
  drawMark,
  drawPoints,
  drawSquare,
  nearestTo,
  type Share,
  sharesOf,
} from '../drawing/points.js';
import { moments, type Plane, type Projection, planeOf, project, unproject } from '../drawing/project.js';
import { steer } from '../drawing/steer.js';
import { FIRST_VIEW, follow, fromShare, toShare, type View } from '../drawing/view.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

/** Images a side of the background. */
const MANIFOLD = 16;
/** A pointer so near to a point, as a share of the map's side, points at it. */
const NEAR = 0.02;
/** 0 is among the codes if it is at most so many standard deviations from their mean, in each dimension. */
const AMONG = 1.5;

/** What the map showed at a step. */
interface Seen {
  places: Float32Array;
  view: View;
}

export function mapPanel(state: State): Panel {
  const frame = byId('map');
  const canvas = byId<HTMLCanvasElement>('points');
  const withManifold = byId<HTMLInputElement>('manifold');
  const projection = byId<HTMLSelectElement>('projection');
  const behind = make('div', { id: 'behind', 'aria-hidden': 'true' });
  const manifold = new ModelPicture(state, behind, 'What each place decodes to');
  let plane: Plane | undefined;
  let view: View = FIRST_VIEW;
  /** [n, 2], on the plane. */
  let places = new Float32Array();
  let dragging = false;
  const history = new MapHistory<Seen>();
  const when = byId<HTMLInputElement>('history');
  /** What is looked at instead of the map of now. */
  let past: Seen | undefined;
  const label = byId('pointed-at');
  const image = new HostPicture(byId('pointed-at-picture'), 'The test image pointed at');
  /** Codes came while someone dragged: training may have ended since, so that no others come by themselves. */
  let missed = false;
  frame.prepend(behind);

  function renew(): void {
    plane = undefined;
    view = FIRST_VIEW;
    places = new Float32Array();
    history.clear();
    showHistory(true);
    showClasses(state);
    showMarked();
  }

  async function refresh(): Promise<void> {
    const codes = await state.codes();
    // While someone drags, the ground stays still.
    missed = dragging;
    if (codes && !dragging) {
      plane = planeOf(codes, state.latent, projection.value as Projection, plane);
      const count = codes.length / state.latent;
      const first = places.length === 0;
      places = new Float32Array(2 * count);
      for (let row = 0; row < count; row++) places.set(project(plane, codes, row * state.latent), 2 * row);
      view = follow(view, places);
      // At the beginning, and when training has stopped, there is no next refresh to go on with.
      if (first || state.phase !== 'training') for (let i = 0; i < 12; i++) view = follow(view, places);
      stayNear(codes);
      const last = Number(when.value) === Number(when.max);
      if (history.add(state.step, { places, view })) showHistory(last);
      showPoints();
    }
    await showManifold();
  }

  /** @param now whether the map of now is to be seen, whatever the slider says */
  function showHistory(now: boolean): void {
    const { states } = history;
    byId('history-row').hidden = states.length < 2;
    const before = Number(when.value);
    when.max = String(Math.max(0, states.length - 1));
    when.value = now ? when.max : String(Math.min(before, states.length - 1));
    showWhen();
  }

  function showWhen(): void {
    const { states } = history;
    const chosen = states[Number(when.value)];
    past = chosen === states.at(-1) ? undefined : chosen?.seen;
    const text = past && chosen ? `Step ${chosen.step.toLocaleString('en')}` : 'Now';
    setText(byId('history-step'), text);
    when.setAttribute('aria-valuetext', text);
    behind.classList.toggle('past', past !== undefined);
    showPoints();
  }
  when.addEventListener('input', showWhen);

  /**
   * Until the visitor moves the mark, it is where the codes are: at 0, where a prior puts it and codes are around it; else, and
   * until the model has learnt that, in the middle of them.
   */
  function stayNear(codes: Float32Array): void {
    if (state.chosen) return;
    const { mean, variance } = moments(codes, state.latent);
    const isAmong = mean.every((z, d) => Math.abs(z) <= AMONG * Math.sqrt(variance[d] ?? 0));
    const zero = state.model?.code.kind === 'gaussian' && isAmong;
    const point = zero ? new Float32Array(state.latent) : Float32Array.from(mean);
    if (point.every((z, d) => z === state.point[d])) return;
    state.point = point;
    state.tell('point');
  }

  const showManifold = latest(async () => {
    behind.hidden = !withManifold.checked || !state.size; // so many charts nobody reads
    if (!plane || behind.hidden) return;
    const codes = gridCodes(plane, view, state.latent);
    const labels = state.labels(() => state.label, MANIFOLD * MANIFOLD);
    await state.ask((session) => manifold.draw(session, { codes, ...labels }, MANIFOLD));
  });

  const showPoints = eachFrame(() => {
    const onLine = state.latent === 1;
    drawPoints(canvas, points());
    const { marked, drawing } = state;
    if (marked !== undefined && marked < state.testCount) drawSquare(canvas, sharesOf(points())(marked));
    if (!plane || past) return;
    if (drawing && drawing.length === state.latent && !onLine)
      drawCross(canvas, toShare(view, project(plane, drawing)));
    const [right, down] = toShare(view, project(plane, state.point));
    if (onLine) drawLine(canvas, right);
    else drawMark(canvas, [right, down]);
  });
  const [scale, opacity] = ['points-size', 'points-opacity'].map((id) => byId<HTMLInputElement>(id)) as [
    HTMLInputElement,
    HTMLInputElement,
  ];
  for (const slider of [scale, opacity]) slider.addEventListener('input', showPoints);
  const points = () => ({
    ...(past ?? { places, view }),
    labels: state.test.labels,
    onLine: state.latent === 1,
    scale: scale.valueAsNumber,
    opacity: opacity.valueAsNumber,
  });

  /** The image that the pointer is at, beside its point. */
  function showMarked(): void {
    const { hovered, size } = state;
    const [right, down] = hovered === undefined ? [0, 0] : sharesOf(points())(hovered);
    label.hidden = hovered === undefined || !frame.matches(':hover');
    if (!label.hidden && hovered !== undefined) {
      if (size) image.draw(state.shades(state.values(hovered, 1)), size, 1);
      setText(byId('pointed-at-name'), state.imageName(hovered));
      // Towards the middle, so that the map holds it.
      Object.assign(label.style, {
        left: right < 0.5 ? `${100 * right + 4}%` : 'auto',
        right: right < 0.5 ? 'auto' : `${100 * (1 - right) + 4}%`,
        top: down < 0.5 ? `${100 * down}%` : 'auto',
        bottom: down < 0.5 ? 'auto' : `${100 * (1 - down)}%`,
      });
    }
    showPoints();
  }

  const moveTo = (share: Share) => {
    if (!plane) return;
    if (past) showHistory(true);
    const inside = share.map((part) => Math.min(1, Math.max(0, part))) as [number, number];
    state.setPoint(unproject(plane, fromShare(view, inside)));
  };
  steer(frame, {
    at: () => (plane ? toShare(view, project(plane, state.point)) : [0.5, 0.5]),
    moveTo,
    drag: (on) => {
      dragging = on;
      if (!on && missed) void refresh();
    },
    hover: (share) => state.hover(share && nearestTo(share, points(), NEAR)),
    click: (share) => {
      const chosen = nearestTo(share, points(), NEAR);
      if (chosen !== undefined) state.mark(chosen);
    },
  });
  state.on('marked', showMarked);
  state.on('drawing', showPoints);
  withManifold.addEventListener('change', () => void showManifold());
  projection.addEventListener('change', () => {
    plane = undefined;
    places = new Float32Array();
    history.clear();
    showHistory(true);
    void refresh();
  });
  state.on('point', showPoints);
  state.on('point', () => {
    if (state.classes !== undefined && state.phase !== 'training') void showManifold();
  });
  new ResizeObserver(showPoints).observe(frame);
  return { renew, refresh, place: byId('latent') };
}

/** Codes of the middles of a grid over the view, row by row from the top left, [MANIFOLD^2, latent]. */
function gridCodes(plane: Plane, view: View, latent: number): Float32Array<ArrayBuffer> {
  const codes = new Float32Array(MANIFOLD * MANIFOLD * latent);
  for (let i = 0; i < MANIFOLD * MANIFOLD; i++) {
    const share: [number, number] = [((i % MANIFOLD) + 0.5) / MANIFOLD, (Math.floor(i / MANIFOLD) + 0.5) / MANIFOLD];
    codes.set(unproject(plane, fromShare(view, share)), i * latent);
  }
  return codes;
}

function showClasses(state: State): void {
  const { labels } = state.test;
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  byId('classes').replaceChildren(
    ...classes.map((label) => {
      const item = make('li', {}, make('span', { class: 'swatch', style: `background: ${classColour(label)}` }));
      item.append(state.className(label));
      return item;
    }),
  );
  setText(byId('place'), '');
}
