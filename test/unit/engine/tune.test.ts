// The tuner (src/gpu/tune.ts) with contenders of made-up speed, on a clock of their own: what it chooses, when it stops, and
// what it refuses.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeviceError, ShaderError } from '../../../src/errors.js';
import {
  type Contest,
  ENOUGH,
  LEAST_GAIN,
  type Outcome,
  relativeDistance,
  type TuneOptions,
  tune,
} from '../../../src/gpu/tune.js';

interface Fake {
  /** Microseconds of each run, in turn; the last for all further ones. */
  us: number[];
  /** What it computes. */
  result?: number[];
  /** What making it throws. */
  error?: Error;
}

const RIGHT = [1, 2, 3];
const COMPILE_MS = 10;

/** What was made and run, and the clock that only that moves. */
class Bench {
  ms = 0;
  readonly made: string[] = [];
  readonly runs = new Map<string, number>();

  contest(name: string, candidates: Record<string, Fake>, more: Partial<Contest> = {}): Contest {
    const make = async (candidate: string) => {
      const fake = candidates[candidate];
      assert.ok(fake);
      this.made.push(`${name} ${candidate}`);
      this.ms += COMPILE_MS;
      if (fake.error) throw fake.error;
      const time = async (count: number) =>
        Array.from({ length: count }, () => {
          const run = this.runs.get(`${name} ${candidate}`) ?? 0;
          this.runs.set(`${name} ${candidate}`, run + 1);
          const us = fake.us[Math.min(run, fake.us.length - 1)] ?? 0;
          this.ms += us / 1000;
          return us;
        });
      return { result: async () => Float32Array.from(fake.result ?? RIGHT), time };
    };
    return { name, candidates: Object.keys(candidates), flops: 1e6, calls: 1, tolerance: 0, make, ...more };
  }

  tune(contests: Contest[], options: Partial<TuneOptions> = {}): Promise<Outcome[]> {
    return tune(contests, { budgetMs: 1000, now: () => this.ms, ...options });
  }

  async one(candidates: Record<string, Fake>, more: Partial<Contest> = {}, options: Partial<TuneOptions> = {}) {
    const [outcome] = await this.tune([this.contest('one', candidates, more)], options);
    assert.ok(outcome);
    return outcome;
  }
}

const times = (...us: number[]): Fake => ({ us });

test('the fastest is chosen, wherever it stands', async () => {
  for (const order of [
    ['a', 'b', 'c'],
    ['c', 'a', 'b'],
    ['b', 'c', 'a'],
  ]) {
    const speeds: Record<string, Fake> = { a: times(100), b: times(50), c: times(80) };
    const outcome = await new Bench().one(Object.fromEntries(order.map((name) => [name, speeds[name] as Fake])));
    assert.is(outcome.choice, 'b', order.join());
    assert.is(outcome.us, 50);
    assert.is(outcome.defaultUs, speeds[order[0] ?? '']?.us[0]);
    assert.equal([outcome.timed, outcome.candidates, outcome.refused], [3, 3, []]);
  }
});

test('the default stays unless another is faster by more than noise', async () => {
  const slightly = 100 * (1 - LEAST_GAIN / 2);
  assert.is((await new Bench().one({ a: times(100), b: times(slightly) })).choice, 'a');
  assert.is((await new Bench().one({ a: times(100), b: times(100 * (1 - 2 * LEAST_GAIN)) })).choice, 'b');
});

test('a slow moment decides nothing: the near ones run again, in turn', async () => {
  // The better one was held up in its first runs, by less than makes it hopeless.
  const outcome = await new Bench().one({ a: times(100), b: times(120, 120, 120, 60) });
  assert.equal([outcome.choice, outcome.us], ['b', 60]);
});

test('a lucky run decides nothing: the winner is faster in most of the rounds', async () => {
  assert.is((await new Bench().one({ a: times(100), b: times(110, 50, 110) })).choice, 'a');
});

test('what is far off runs once, and is not tried in another contest', async () => {
  const bench = new Bench();
  const fakes = { a: times(100), far: times(1000), b: times(90) };
  const outcomes = await bench.tune([bench.contest('large', fakes, { flops: 2e6 }), bench.contest('small', fakes)]);
  assert.equal(
    outcomes.map(({ choice }) => choice),
    ['b', 'b'],
  );
  assert.is(bench.runs.get('large far'), 1);
  assert.not(bench.made.includes('small far'));
});

test('a contest ends early at the share of the ceiling', async () => {
  // 1e6 operations in 100 us are 10 GFLOP/s.
  const fakes = { a: times(200), b: times(100), c: times(50) };
  const at = async (ceilingGflops: number) => (await new Bench().one(fakes, {}, { ceilingGflops })).choice;
  assert.is(await at(10 / ENOUGH), 'b', 'b reaches it exactly');
  assert.is(await at(10 / ENOUGH + 0.01), 'c', 'b does not');
  assert.is(await at(5 / ENOUGH), 'a', 'the default is enough');
});

test('the budget: what has no time left keeps its default, the largest contests come first', async () => {
  const bench = new Bench();
  const fakes = { a: times(100), b: times(50) };
  const contests = [
    bench.contest('small', fakes, { flops: 1 }),
    bench.contest('large', fakes),
    bench.contest('often', fakes, { calls: 3 }),
  ];
  const outcomes = await bench.tune(contests, { budgetMs: 3.5 * COMPILE_MS });
  assert.equal(
    outcomes.map(({ name, choice, timed }) => [name, choice, timed]),
    [
      ['small', 'a', 0],
      ['large', 'b', 2],
      ['often', 'b', 2],
    ],
  );
  assert.is(bench.made[0], 'often a');
  assert.is(outcomes[0]?.us, undefined);
});

test('a budget that is spent by the default leaves the default', async () => {
  const outcome = await new Bench().one({ a: times(100), b: times(50) }, {}, { budgetMs: COMPILE_MS / 2 });
  assert.equal([outcome.choice, outcome.timed, outcome.us], ['a', 1, 100]);
});

test('a wrong candidate is refused and named, however fast', async () => {
  for (const result of [[1, 2, 4], [1, 2, Number.NaN], [1, 2], []]) {
    const bench = new Bench();
    const outcome = await bench.one({ a: times(100), wrong: { us: [1], result }, b: times(50) });
    assert.is(outcome.choice, 'b');
    assert.equal(
      outcome.refused.map(({ candidate }) => candidate),
      ['wrong'],
    );
    assert.match(
      outcome.refused[0]?.reason ?? '',
      /^wrong: its result is .* from the default's \(relative L2\), must be at most 0$/,
    );
    assert.is(bench.runs.get('one wrong'), undefined, 'it is not timed');
  }
});

test("the tolerance is the contest's", async () => {
  const near: Fake = { us: [50], result: [1, 2, 3.001] };
  assert.is((await new Bench().one({ a: times(100), near }, { tolerance: 1e-3 })).choice, 'near');
  assert.is((await new Bench().one({ a: times(100), near }, { tolerance: 1e-4 })).choice, 'a');
});

test('a candidate that does not compile is refused; any other failure is thrown', async () => {
  const broken = (error: Error): Record<string, Fake> => ({ a: times(100), b: { us: [1], error } });
  const { choice, refused } = await new Bench().one(broken(new ShaderError('no matching overload')));
  assert.equal([choice, refused], ['a', [{ candidate: 'b', reason: 'no matching overload' }]]);
  let thrown: unknown;
  await new Bench().one(broken(new DeviceError('lost'))).catch((error) => {
    thrown = error;
  });
  assert.instance(thrown, DeviceError);
});

test('candidates are compiled ahead, as many as asked for, and one that fails is refused in its turn', async () => {
  const fakes = {
    a: times(100),
    b: times(50),
    c: { us: [1], error: new ShaderError('no') },
    d: times(40),
    e: times(60),
  };
  const bench = new Bench();
  const outcome = await bench.one(fakes, {}, { ahead: 2 });
  assert.equal([outcome.choice, outcome.timed, outcome.refused.length], ['d', 4, 1]);
  // With no time for more than b, c and d were under way; e was not.
  const short = new Bench();
  const contest = short.contest('one', fakes);
  await short.tune([contest], { ahead: 2, budgetMs: 1.5 * COMPILE_MS });
  assert.equal(short.made, ['one a', 'one b', 'one c', 'one d']);
});

test('each outcome is told as it is decided', async () => {
  const bench = new Bench();
  const told: string[] = [];
  const contests = [bench.contest('small', { a: times(1) }, { flops: 1 }), bench.contest('large', { a: times(1) })];
  const outcomes = await bench.tune(contests, { onOutcome: ({ name }) => told.push(name) });
  assert.equal(told, ['large', 'small']);
  assert.equal(
    outcomes.map(({ name }) => name),
    ['small', 'large'],
  );
});

test('the distance of two results', () => {
  const of = (a: number[], b: number[]) => relativeDistance(Float32Array.from(a), Float32Array.from(b));
  assert.is(of([3, 4], [3, 4]), 0);
  assert.is(of([3, 9], [3, 4]), 1);
  assert.is(of([0, 0], [0, 0]), 0);
  assert.is(of([1], [0]), Number.POSITIVE_INFINITY);
  assert.ok(Number.isNaN(of([Number.NaN, 1], [1, 1])));
});

test.run();
