import type { ProfileEvent, ProfileReport } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type TraceEvent, traceEvents } from '../../../harness/lib/profile/trace.js';

const ADAPTER: ProfileReport['adapter'] = {
  name: 'test GPU',
  vendor: '',
  architecture: '',
  description: '',
  backend: 'vulkan',
  kind: 'hardware',
  software: false,
};

const row = (index: number, label: string, kernel: string): ProfileReport['rows'][number] => ({
  index,
  label,
  kernel,
  shapes: 'a[2, 3] -> y[2, 4]',
  grid: [16, 4, 1],
  workgroup: [64, 1, 1],
  calls: 2,
  samples: [30, 31],
  median: 30.5,
  p95: 31,
  share: 0.5,
  flops: 1000 * (index + 1),
  bytes: 100 * (index + 1),
  gflops: 1,
  gbs: 1,
  intensity: 10,
  roofline: null,
});

const host = (name: string, start: number, duration: number, submit: number): ProfileEvent => ({
  lane: 'host',
  name,
  start,
  duration,
  submit,
});
const gpu = (index: number, start: number, duration: number, submit: number, name = label(index)): ProfileEvent => ({
  lane: 'gpu',
  name,
  start,
  duration,
  submit,
  args: { dispatch: index },
});

/** The names under which the rows of the report below are drawn. */
const label = (index: number) => ['encoder.0 matmul_tiled+bias_activation', 'z latent'][index] ?? '';

/** Two submits; the first readback goes on while the second submit is encoded. */
const EVENTS = [
  host('encode', 0, 50, 0),
  host('submit', 50, 10, 0),
  gpu(0, 70.1, 30.2, 0),
  gpu(1, 100.3, 40, 0),
  host('readback', 61, 90, 0),
  host('encode', 65, 100, 1),
  host('submit', 165, 10, 1),
  gpu(0, 180, 30, 1),
  gpu(1, 211, 41, 1),
];

const report = (events: ProfileEvent[] = EVENTS): ProfileReport => ({
  adapter: ADAPTER,
  plan: 'training step\n1 encoder.0',
  steps: 2,
  method: 'timestamps',
  quantized: false,
  rows: [row(0, 'encoder.0', 'matmul_tiled+bias_activation'), row(1, 'z', 'latent')],
  step: { kernels: 70, gaps: 1, encode: 50, submit: 10, readback: 90, wall: 200, wallUntimed: 190 },
  bottleneck: { what: 'gpu', sentence: 'The GPU.' },
  ceilings: null,
  events,
});

/** The list of events as a viewer gets it, through JSON. */
const drawn = (of: ProfileReport): TraceEvent[] => JSON.parse(JSON.stringify(traceEvents(of))).traceEvents;

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const nanoseconds = (us = 0) => Math.round(us * 1000);
const laneOf = ({ pid, tid }: { pid: number; tid: number }) => `${pid}/${tid}`;

function groups<T>(list: readonly T[], key: (entry: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const entry of list) found.set(key(entry), [...(found.get(key(entry)) ?? []), entry]);
  return found;
}

/** What is wrong with a trace, one line each; the format's rules, and what Perfetto and speedscope cannot draw. */
function traceFaults(events: unknown): string[] {
  if (!Array.isArray(events)) return ['no list of events'];
  const faults: string[] = [];
  events.forEach((event: Record<string, unknown>, index) => {
    if (typeof event.ph !== 'string') faults.push(`event ${index} has no ph`);
    for (const key of ['ts', 'pid', 'tid']) if (!isNumber(event[key])) faults.push(`event ${index} has no ${key}`);
    if (event.ph === 'X' && !(isNumber(event.dur) && event.dur >= 0)) faults.push(`event ${index} has no dur >= 0`);
    if (typeof event.name !== 'string' || event.name === '') faults.push(`event ${index} has no name`);
  });
  const lanes = groups(
    (events as TraceEvent[]).filter(({ ph }) => ph !== 'M'),
    laneOf,
  );
  for (const [lane, inLane] of lanes) faults.push(...laneFaults(inLane).map((fault) => `lane ${lane}: ${fault}`));
  return [...faults, ...flowFaults(events), ...nameFaults(events)];
}

/** Times go forwards; B and E match; an X ends before the one that it began in. */
function laneFaults(events: TraceEvent[]): string[] {
  const faults: string[] = [];
  const begun: string[] = [];
  let open: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const { ph, name, ts, dur } of events as (Omit<TraceEvent, 'ph'> & { ph: string })[]) {
    if (ts < last) faults.push(`"${name}" at ${ts} comes after ${last}`);
    last = ts;
    if (ph === 'B') begun.push(name);
    if (ph === 'E' && begun.pop() !== name) faults.push(`E of "${name}" without its B`);
    if (ph !== 'X') continue;
    const [start, end] = [nanoseconds(ts), nanoseconds(ts) + nanoseconds(dur)];
    open = open.filter((until) => until > start);
    if (open.some((until) => end > until)) faults.push(`"${name}" at ${ts} overlaps the one before it`);
    open.push(end);
  }
  return [...faults, ...begun.map((name) => `B of "${name}" without its E`)];
}

/** Each arrow has one start and one end, forwards in time, each on a bar. */
function flowFaults(events: TraceEvent[]): string[] {
  const onBar = (arrow: TraceEvent) =>
    events.some(
      (e) =>
        e.ph === 'X' &&
        laneOf(e) === laneOf(arrow) &&
        nanoseconds(e.ts) <= nanoseconds(arrow.ts) &&
        nanoseconds(arrow.ts) <= nanoseconds(e.ts) + nanoseconds(e.dur),
    );
  const faults: string[] = [];
  const flows = groups(
    events.filter(({ ph }) => ['s', 't', 'f'].includes(ph)),
    ({ cat, name, id }) => `${cat}/${name}/${id}`,
  );
  for (const [flow, ends] of flows) {
    if (ends.map(({ ph }) => ph).join() !== 's,f') faults.push(`arrow ${flow} has ends ${ends.map(({ ph }) => ph)}`);
    const [from, to] = ends;
    if (from && to && from.ts > to.ts) faults.push(`arrow ${flow} goes back in time`);
    for (const end of ends) if (!onBar(end)) faults.push(`arrow ${flow}: its ${end.ph} hangs on no bar`);
  }
  return faults;
}

function nameFaults(events: TraceEvent[]): string[] {
  const named = new Set(events.filter(({ name }) => name === 'thread_name').map(laneOf));
  const lanes = new Set(events.filter(({ ph }) => ph === 'X').map(laneOf));
  const nameless = [...lanes].filter((lane) => !named.has(lane)).map((lane) => `lane ${lane} has no name`);
  return events.some(({ name }) => name === 'process_name') ? nameless : [...nameless, 'the process has no name'];
}

const bars = (events: TraceEvent[]) => events.filter(({ ph }) => ph === 'X');
const laneNames = (events: TraceEvent[]) =>
  events.filter(({ name }) => name === 'thread_name').map(({ args }) => args?.name);

test('a trace follows the format', () => {
  assert.equal(traceFaults(drawn(report())), []);
});

test('the check itself finds each fault that is planted', () => {
  const plant = (change: (events: TraceEvent[]) => unknown, fault: RegExp) => {
    const events = drawn(report());
    change(events);
    const found = traceFaults(events);
    assert.ok(found.length > 0 && fault.test(found.join('; ')), `${fault}: ${found.join('; ')}`);
  };
  const find = (events: TraceEvent[], ph: string): TraceEvent => {
    const found = events.find((event) => event.ph === ph);
    if (!found) throw new Error(`no event ${ph}`);
    return found;
  };
  for (const key of ['ph', 'ts', 'pid', 'tid'] as const)
    plant((events) => Reflect.deleteProperty(find(events, 'X'), key), new RegExp(`has no ${key}`));
  plant((events) => Object.assign(find(events, 'X'), { dur: -1 }), /no dur >= 0/);
  plant((events) => Reflect.deleteProperty(find(events, 'X'), 'dur'), /no dur >= 0/);
  plant((events) => events.reverse(), /comes after/);
  plant((events) => Object.assign(find(events, 'X'), { dur: 55 }), /overlaps the one before/);
  plant((events) => Object.assign(find(events, 'X'), { ph: 'B' }), /B of "encode" without its E/);
  plant((events) => Object.assign(find(events, 'X'), { ph: 'E' }), /E of "encode" without its B/);
  plant((events) => events.splice(events.indexOf(find(events, 's')), 1), /has ends f/);
  plant((events) => events.splice(events.indexOf(find(events, 'f')), 1), /has ends s/);
  plant((events) => Object.assign(find(events, 'f'), { id: 77 }), /has ends s(;|$)/);
  plant((events) => Object.assign(find(events, 'f'), { ts: 1 }), /goes back in time/);
  plant((events) => Object.assign(find(events, 's'), { tid: 101 }), /its s hangs on no bar/);
  plant((events) => events.splice(1, 1), /has no name/);
  plant((events) => events.splice(0, 1), /the process has no name/);
});

test('every event is a bar with its own time, in the lane that it belongs to', () => {
  const events = drawn(report());
  const named = new Map(events.filter((e) => e.name === 'thread_name').map((e) => [e.tid, String(e.args?.name)]));
  const got = bars(events).map((e) => [named.get(e.tid)?.split(' ')[0], e.name, e.ts, e.dur, e.args?.submit]);
  const want = EVENTS.map((e) => [{ host: 'Host', gpu: 'GPU' }[e.lane], e.name, e.start, e.duration, e.submit]);
  const byTime = (list: unknown[][]) => list.map((entry) => JSON.stringify(entry)).sort();
  assert.equal(byTime(got), byTime(want));
});

test('the process is named after the adapter; the first lanes are Host and GPU', () => {
  const events = drawn(report());
  assert.equal(events.find(({ name }) => name === 'process_name')?.args, { name: 'latentgpu on test GPU' });
  assert.equal(laneNames(events), ['Host', 'Host (overlapping, 2)', 'GPU']);
  assert.equal(laneNames(drawn(report([]))), ['Host', 'GPU']);
});

test('neighbours that touch share a lane, also where sums of fractions round up', () => {
  // 0.1 + 0.2 > 0.3
  // 0.7 - 0.4 < 0.3
  for (const touching of [
    [gpu(0, 0.1, 0.2, 0), gpu(1, 0.3, 0.1, 0)],
    [gpu(0, 0, 0.3, 0), gpu(1, 0.7 - 0.4, 0.1, 0)],
  ]) {
    const events = drawn(report(touching));
    assert.equal(laneNames(events), ['Host', 'GPU']);
    assert.equal(traceFaults(events), []);
  }
});

test('what overlaps goes to another lane, what lies within stays', () => {
  const events = drawn(report([host('outer', 0, 100, 0), host('inner', 0, 40, 0), host('late', 90, 30, 0)]));
  const lanes = bars(events).map(({ name, tid }) => [name, tid]);
  assert.equal(lanes, [
    ['outer', 1],
    ['inner', 1],
    ['late', 2],
  ]);
  assert.equal(traceFaults(events), []);
});

test('an arrow goes from each submit to the first GPU event that it started', () => {
  const ends = drawn(report()).filter(({ ph }) => ph === 's' || ph === 'f');
  assert.equal(
    ends.map(({ ph, id, ts, bp }) => [ph, id, ts, bp]),
    [
      ['s', 0, 50, undefined],
      ['f', 0, 70.1, 'e'],
      ['s', 1, 165, undefined],
      ['f', 1, 180, 'e'],
    ],
  );
});

test('no arrow where nothing ran, or where the clocks say that it ran before its submit', () => {
  const arrows = (events: ProfileEvent[]) => {
    const all = drawn(report(events));
    assert.equal(traceFaults(all), []);
    return all.filter(({ ph }) => ph === 's' || ph === 'f').length;
  };
  assert.is(arrows([host('submit', 10, 5, 0)]), 0);
  assert.is(arrows([host('submit', 10, 5, 0), gpu(0, 9, 5, 0)]), 0);
  assert.is(arrows([host('submit', 10, 5, 0), gpu(0, 10, 5, 0)]), 2);
  assert.is(arrows([host('submit', 10, 5, 0), gpu(0, 9.999, 5, 0)]), 2, 'a rounding error');
  assert.is(arrows([host('encode', 10, 5, 0), gpu(0, 20, 5, 0)]), 0);
  assert.is(arrows([host('submit', 10, 5, 0), gpu(0, 20, 5, 1)]), 0);
});

test('a GPU event carries what its row of the plan costs', () => {
  const [first, second] = bars(drawn(report())).filter(({ cat }) => cat === 'gpu');
  assert.equal(first?.args, {
    submit: 0,
    layer: 'encoder.0',
    kernel: 'matmul_tiled+bias_activation',
    shapes: 'a[2, 3] -> y[2, 4]',
    grid: '16x4x1',
    workgroup: '64x1x1',
    flops: 1000,
    bytes: 100,
    dispatch: 0,
  });
  assert.is(second?.args?.flops, 2000);
});

test('a GPU event of no row keeps its own name and carries no cost', () => {
  const [bar] = bars(drawn(report([gpu(2, 0, 1, 0, 'warm-up')])));
  assert.is(bar?.name, 'warm-up');
  assert.equal(bar?.args, { submit: 0, dispatch: 2 });
});

test('times before zero move the whole trace', () => {
  const [first, second] = bars(drawn(report([gpu(0, -5, 2, 0), gpu(1, 3, 2, 0)])));
  assert.equal([first?.ts, second?.ts], [0, 8]);
});

test('many events need no deep stack, and any order will do', () => {
  const many = Array.from({ length: 200_000 }, (_, i) => gpu(0, 2 * (200_000 - i), 1, i));
  const events = traceEvents(report(many)).traceEvents;
  assert.is(bars(events).length, 200_000);
  assert.ok(bars(events).every(({ ts }, i, all) => i === 0 || (all[i - 1]?.ts ?? 0) < ts));
});

test('a time that is no number is refused by name', () => {
  const refused = (event: ProfileEvent, text: string) =>
    assert.throws(
      () => traceEvents(report([host('encode', 0, 1, 0), event])),
      (error: Error) => error.name === 'ArgumentError' && error.message === text,
    );
  refused(
    gpu(0, Number.NaN, 1, 0, 'z'),
    'event 1 (gpu "z") starts at NaN, must be a finite number of microseconds; profile again',
  );
  refused(
    host('submit', 3, -1, 0),
    'event 1 (host "submit") takes -1, must be a number of microseconds >= 0; profile again',
  );
});

test('what was measured stands beside the events', () => {
  const { displayTimeUnit, otherData } = traceEvents({ ...report(), quantized: true });
  assert.is(displayTimeUnit, 'ns');
  assert.equal(otherData, {
    adapter: 'test GPU',
    plan: 'training step',
    steps: '2',
    method: 'timestamps, quantised',
  });
});

test.run();
