// How often Node looks whether the GPU has answered. While a promise of Dawn's is pending, its binding asks for another look by
// setImmediate, in each turn of the event loop (dawn-gpu/node-webgpu, issue 17): a thread that spins, and on a software adapter
// it spins on one of the cores that compute what it waits for. Here such a look waits for a timer once a wait is no longer short.

/** A wait is watched in each turn for so long: an answer within microseconds is not kept for a timer. */
const CLOSELY_MS = 0.5;
/** From then on; the least that a timer of Node can do. */
const PAUSE_MS = 1;

type Look = () => void;

/** The ways to be called again, as Node has them. */
export interface Clock {
  now(): number;
  /** In the next turn. */
  soon(look: Look): unknown;
  /** After so many milliseconds. */
  later(look: Look, ms: number): unknown;
}

/** Spreads the looks of one wait over time. */
export class Polling {
  /** When the wait began; undefined between waits. */
  private since: number | undefined;
  private asked = false;

  constructor(private readonly clock: Clock) {}

  /** Dawn asks for another look. */
  ask(look: Look): unknown {
    this.asked = true;
    this.since ??= this.clock.now();
    const closely = this.clock.now() - this.since < CLOSELY_MS;
    const take = () => this.take(look);
    return closely ? this.clock.soon(take) : this.clock.later(take, PAUSE_MS);
  }

  /** A look that asks for no other was the last of its wait. */
  private take(look: Look): void {
    this.asked = false;
    look();
    if (!this.asked) this.since = undefined;
  }
}

/** Whether a native addon made it: it has no name and no text. (A bound function has no text either, but a name.) */
const isNative = (task: unknown): task is Look =>
  typeof task === 'function' && task.name === '' && /\[native code\]/.test(Function.prototype.toString.call(task));

let installed = false;

/** From now on Dawn's looks are spread; whatever else calls setImmediate is served as before. */
export function pollSparingly(): void {
  if (installed) return;
  installed = true;
  const immediate = globalThis.setImmediate;
  const polling = new Polling({ now: () => performance.now(), soon: (look) => immediate(look), later: setTimeout });
  const serve = (task: unknown, ...values: unknown[]): unknown =>
    isNative(task) ? polling.ask(task) : immediate(task as (...values: unknown[]) => void, ...values);
  // Its own properties too: util.promisify finds what it needs there.
  globalThis.setImmediate = Object.defineProperties(
    serve,
    Object.getOwnPropertyDescriptors(immediate),
  ) as typeof immediate;
}
