// Which part of the plane the map shows: a square that holds nearly all codes. It moves gently as they spread, and at once where most
// of them are outside.

export interface View {
  /** Middle, in code units. */
  x: number;
  y: number;
  /** Half of each side. */
  half: number;
}

export const FIRST_VIEW: View = { x: 0, y: 0, half: 3 };
/** Of the codes that lie outside on each side: outliers do not shrink the rest. */
const OUTSIDE = 0.01;
/** Where more of the codes than this are out of sight, there is nothing that a gentle move would keep in sight. */
const MOST_OUTSIDE = 0.5;
const MARGIN = 1.15;
/** How much of the way to go at each refresh. */
const PACE = 0.35;

/** @param places [n, 2] */
export function follow(view: View, places: Float32Array): View {
  if (places.length === 0) return view;
  const [left, right] = spread(places, 0);
  const [bottom, top] = spread(places, 1);
  const half = Math.max(1e-3, (MARGIN * Math.max(right - left, top - bottom)) / 2);
  const wanted = { x: (left + right) / 2, y: (bottom + top) / 2, half };
  if (outside(view, places) > MOST_OUTSIDE) return wanted;
  const towards = (from: number, to: number) => from + PACE * (to - from);
  return { x: towards(view.x, wanted.x), y: towards(view.y, wanted.y), half: towards(view.half, wanted.half) };
}

/** The share of the places that the view does not show. */
function outside({ x, y, half }: View, places: Float32Array): number {
  let count = 0;
  for (let i = 0; i + 1 < places.length; i += 2)
    if (Math.abs((places[i] ?? 0) - x) > half || Math.abs((places[i + 1] ?? 0) - y) > half) count++;
  return (2 * count) / places.length;
}

function spread(places: Float32Array, axis: 0 | 1): [number, number] {
  const along = places.filter((_, i) => i % 2 === axis).sort();
  const at = (share: number) => along[Math.round(share * (along.length - 1))] ?? 0;
  return [at(OUTSIDE), at(1 - OUTSIDE)];
}

/** A place of the plane as a share of the square, 0..1 from its left and its top. */
export const toShare = (view: View, [u, v]: readonly [number, number]): [number, number] => [
  0.5 + (u - view.x) / (2 * view.half),
  0.5 - (v - view.y) / (2 * view.half),
];

export const fromShare = (view: View, [right, down]: readonly [number, number]): [number, number] => [
  view.x + (2 * right - 1) * view.half,
  view.y - (2 * down - 1) * view.half,
];
