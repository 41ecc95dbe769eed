// The map of the latent space: where the test images' codes lie, and a place on it that is decoded as it is dragged about.
import { byId, context2d, eachFrame, latest, make, setText } from '../dom.js';
import { ARROWS } from '../drawing/hand.js';
import { classColour } from '../drawing/palette.js';
import { ModelPicture } from '../drawing/picture.js';
import { moments, type Plane, type Projection, planeOf, project, unproject } from '../drawing/project.js';
import { FIRST_VIEW, follow, fromShare, toShare, type View } from '../drawing/view.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

/** Images a side of the background. */
const MANIFOLD = 16;
/** Shares of the map's side that the arrow keys move by. */
const KEY_STEP = 0.02;
const LARGE_KEY_STEP = 0.1;
/** 0 is among the codes if it is at most so many standard deviations from their mean, in each dimension. */
const AMONG = 1.5;

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
  /** Codes came while someone dragged: training may have ended since, so that no others come by themselves. */
  let missed = false;
  frame.prepend(behind);

  function renew(): void {
    plane = undefined;
    view = FIRST_VIEW;
    places = new Float32Array();
    showClasses(state);
    showPoints();
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
      showPoints();
    }
    await showManifold();
  }

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
    drawPoints(canvas, { places, view, labels: state.test.labels, onLine });
    if (!plane) return;
    const [right, down] = toShare(view, project(plane, state.point));
    if (onLine) drawLine(canvas, right);
    else drawMark(canvas, [right, down]);
  });

  const moveTo = (share: readonly [number, number]) => {
    if (!plane) return;
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
  });
  withManifold.addEventListener('change', () => void showManifold());
  projection.addEventListener('change', () => {
    plane = undefined;
    places = new Float32Array();
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

interface Steering {
  /** Where the mark is, as shares of the map. */
  at(): readonly [number, number];
  moveTo(share: readonly [number, number]): void;
  drag(on: boolean): void;
}

/** By pointer and by keys. */
function steer(frame: HTMLElement, { at, moveTo, drag }: Steering): void {
  const follow = ({ clientX, clientY }: PointerEvent) => {
    const { left, top, width, height } = frame.getBoundingClientRect();
    moveTo([(clientX - left) / width, (clientY - top) / height]);
  };
  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    frame.setPointerCapture(event.pointerId);
    drag(true);
    follow(event);
  });
  frame.addEventListener('pointermove', (event) => {
    if (frame.hasPointerCapture(event.pointerId)) follow(event);
  });
  frame.addEventListener('lostpointercapture', () => drag(false));
  frame.addEventListener('keydown', (event) => {
    const [right, down] = ARROWS[event.key] ?? [0, 0];
    if (right === 0 && down === 0) return;
    event.preventDefault();
    const [x, y] = at();
    const step = event.shiftKey ? LARGE_KEY_STEP : KEY_STEP;
    moveTo([x + right * step, y + down * step]);
  });
}

interface Points {
  places: Float32Array;
  view: View;
  labels: Uint8Array | undefined;
  /** Codes of one dimension: each class in a lane of its own, as there is no other way to tell points apart. */
  onLine: boolean;
}

function drawPoints(canvas: HTMLCanvasElement, { places, view, labels, onLine }: Points): void {
  const side = Math.round(canvas.clientWidth * devicePixelRatio);
  const context = context2d(canvas);
  if (!context || side === 0) return;
  if (canvas.width !== side) canvas.width = canvas.height = side;
  context.clearRect(0, 0, side, side);
  const size = Math.max(2, side / 130);
  // A class at a time: a colour is changed ten times and not a thousand.
  const classes = new Map<number | undefined, Path2D>();
  const lane = lanes(labels);
  for (let i = 0; i < places.length / 2; i++) {
    const [right, across] = toShare(view, [places[2 * i] ?? 0, places[2 * i + 1] ?? 0]);
    const down = onLine ? lane(i) : across;
    const label = labels?.[i];
    const path = classes.get(label) ?? new Path2D();
    path.rect(right * side - size / 2, down * side - size / 2, size, size);
    classes.set(label, path);
  }
  for (const [label, path] of classes) {
    context.fillStyle = classColour(label);
    context.fill(path);
  }
}

/** How far down each image is, as a share of the map: in its class's lane, spread over most of that. */
function lanes(labels: Uint8Array | undefined): (image: number) => number {
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  const count = Math.max(1, classes.length);
  return (image) => {
    const spread = (image * 0.618034) % 1; // the golden section: neighbours fall far apart
    return (Math.max(0, classes.indexOf(labels?.[image] ?? 0)) + 0.15 + 0.7 * spread) / count;
  };
}

/** A ring; of a place off the map an arrow at the edge, to where it is. */
function drawMark(canvas: HTMLCanvasElement, [right, down]: readonly [number, number]): void {
  const { width: side } = canvas;
  const size = side / 45;
  const path = new Path2D();
  const [x, y] = [right, down].map((share) => Math.min(side - size, Math.max(size, share * side))) as [number, number];
  if ([right, down].every((share) => share >= 0 && share <= 1))
    path.arc(right * side, down * side, size, 0, 2 * Math.PI);
  else {
    const angle = Math.atan2(down * side - y, right * side - x);
    for (const turn of [0, 2.4, -2.4])
      path.lineTo(x + size * Math.cos(angle + turn), y + size * Math.sin(angle + turn));
    path.closePath();
  }
  outline(canvas, path);
}

/** The mark of a code of one dimension. */
function drawLine(canvas: HTMLCanvasElement, right: number): void {
  const path = new Path2D();
  const x = canvas.width * Math.min(0.997, Math.max(0.003, right)); // off the map, at its edge
  path.moveTo(x, 0);
  path.lineTo(x, canvas.height);
  outline(canvas, path);
}

/** White with a black edge: to be seen on anything. */
function outline(canvas: HTMLCanvasElement, path: Path2D): void {
  const context = context2d(canvas);
  if (!context) return;
  for (const [colour, width] of [
    ['#000', 6],
    ['#fff', 2.5],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = (width * canvas.width) / 500;
    context.stroke(path);
  }
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
