// How many steps go in one submit: enough to keep the GPU busy, few enough that progress shows and Ctrl-C answers.

/** What one submit should take. */
const TARGET_MS = 60;
const MAX_STEPS = 64;

export class Pace {
  private steps = 1;
  private lastArrival = performance.now();

  /** Steps for the next submit. */
  get next(): number {
    return this.steps;
  }

  /** Called when a submit of `count` steps has come back. */
  arrived(count: number): void {
    const now = performance.now();
    const perStep = (now - this.lastArrival) / count;
    this.lastArrival = now;
    const wanted = Math.round(TARGET_MS / Math.max(perStep, TARGET_MS / MAX_STEPS));
    // At most doubled: the first submits measure compilation and upload as well.
    this.steps = Math.max(1, Math.min(wanted, 2 * this.steps, MAX_STEPS));
  }

  /** Time that was spent on something else does not count. */
  resume(): void {
    this.lastArrival = performance.now();
  }
}
