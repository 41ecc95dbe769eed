// How often Node looks at the GPU: closely at first, then by a timer; and who else calls setImmediate is served as ever.
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Polling, pollSparingly } from '../../../src/node/polling.js';

/** A clock that stands until told, and what waits for it. */
class HandClock {
  time = 0;
  waiting: { look: () => void; ms: number }[] = [];
  now = () => this.time;
  soon = (look: () => void) => this.waiting.push({ look, ms: 0 });
  later = (look: () => void, ms: number) => this.waiting.push({ look, ms });

  /** Until nothing waits, each turn of the event loop taking `turnMs`. @returns how long each look waited */
  run(turnMs: number): number[] {
    const waits: number[] = [];
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      this.time += Math.max(turnMs, next.ms);
      waits.push(next.ms);
      next.look();
    }
    return waits;
  }
}

/** Asks for looks as Dawn does, until `looks` of them were taken. */
function wait(polling: Polling, looks: number): void {
  let left = looks;
  const look = () => {
    left--;
    if (left > 0) polling.ask(look);
  };
  polling.ask(look);
}

test('a wait is watched in each turn for half a millisecond, then once a millisecond; the next one as well', () => {
  const clock = new HandClock();
  const polling = new Polling(clock);
  for (let time = 0; time < 2; time++) {
    wait(polling, 8);
    assert.equal(clock.run(0.125), [0, 0, 0, 0, 1, 1, 1, 1], `wait ${time}`);
  }
});

test("Dawn's looks are told from what JavaScript hands to setImmediate, which gets its values, its handle and its promise", async () => {
  pollSparingly();
  const got: unknown[] = [];
  setImmediate((...values: unknown[]) => got.push(...values), 1, 'two');
  const bound = ((...values: unknown[]) => got.push(...values)).bind(undefined, 'bound');
  setImmediate(bound);
  clearImmediate(setImmediate(() => got.push('cleared')));
  assert.is(await promisify(setImmediate)('kept'), 'kept');
  assert.equal(got, [1, 'two', 'bound']);
  assert.throws(() => setImmediate('no function' as never), /must be of type function/);
});

test.run();
