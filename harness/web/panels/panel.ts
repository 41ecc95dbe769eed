// What a panel is to the page, and the loop that keeps all of them up to date while a model learns.
import { latest } from '../dom.js';
import type { State } from '../state.js';

/** A part of the page. It finds its elements and its listeners itself. */
export interface Panel {
  /** There is another model, or other data. */
  renew?(): void;
  /** The parameters are others: show what they make of things. Asks the session. */
  refresh?(): Promise<unknown>;
  /** Where it is on the page, if it can be out of sight: what is seen is refreshed first. */
  place?: Element;
}

/** Between two rounds, and at least so many times as long as the last one took: the GPU is there for training. */
const REST_MS = 150;
const REST_SHARE = 1.5;

/** Refreshes the panels one after the other, each in a task of its own, and again when the parameters have changed. */
export function keepFresh(state: State, panels: readonly Panel[]): void {
  let endRest = () => {};
  const round = latest(async () => {
    const started = performance.now();
    state.forgetCodes();
    for (const panel of seenFirst(panels)) {
      await panel.refresh?.();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const training = state.phase === 'training';
    const rest = training ? Math.max(REST_MS, REST_SHARE * (performance.now() - started)) : 0;
    await new Promise<void>((resolve) => {
      endRest = resolve; // what is shown when training stops is what it has come to
      setTimeout(resolve, rest);
    });
  });
  state.on('phase', () => endRest());
  state.on('model', () => {
    for (const panel of panels) panel.renew?.();
  });
  state.on('parameters', () => void round());
}

/** In their order, but those that are out of sight last. */
const seenFirst = (panels: readonly Panel[]): Panel[] =>
  panels
    .map((panel) => ({ panel, far: panel.place !== undefined && !isSeen(panel.place) }))
    .sort((a, b) => Number(a.far) - Number(b.far))
    .map(({ panel }) => panel);

function isSeen(place: Element): boolean {
  const { top, bottom } = place.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}
