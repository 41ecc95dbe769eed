// A profile as Chrome's Trace Event JSON, which Perfetto (ui.perfetto.dev) and speedscope open: what the GPU did, what
// the host did, and an arrow from each submit to the first kernel that it started. Report to plain data only: the
// program writes the file, the library measures (src/profile/).
// Format: "Trace Event Format", the Chromium project's document (linked from its catapult repository).
import { ArgumentError, type ProfileEvent, type ProfileReport, type ProfileRow } from 'latentgpu/node';

/** A trace is a list of these. `ts` and `dur` are microseconds. */
export interface TraceEvent {
  /** M: a name for a lane; X: something that took `dur`; s and f: the two ends of an arrow. */
  ph: 'M' | 'X' | 's' | 'f';
  name: string;
  cat?: string;
  ts: number;
  dur?: number;
  pid: number;
  tid: number;
  /** Ties the ends of an arrow together. */
  id?: number;
  /** 'e': the arrow ends at what goes on at `ts`, not at what comes next. */
  bp?: 'e';
  args?: Record<string, unknown>;
}

export interface Trace {
  traceEvents: TraceEvent[];
  displayTimeUnit: 'ns';
  /** What was measured, for people. */
  otherData: Record<string, string>;
}

const PID = 1;
/** Lanes that hold what overlaps in the first one get the numbers after it. */
const FIRST_TID = { host: 1, gpu: 101 } as const;
const LANE_NAMES = { host: 'Host', gpu: 'GPU' } as const;
const LANES = ['host', 'gpu'] as const;

/** Nanoseconds that a GPU's event may seem to begin before its submit because both were rounded. */
const ROUNDING = 2;

/** Whole nanoseconds: sums of fractional microseconds would make neighbours overlap by a rounding error. */
interface Slice {
  event: ProfileEvent;
  start: number;
  end: number;
  tid: number;
}

/**
 * Draws a report's events: a lane for the host, one for the GPU, arrows from submits to execution. Bars of a lane lie
 * beside or within each other; what overlaps otherwise goes to a lane below. Times start at the report's zero, or at the
 * first event if that was before it.
 * @throws ArgumentError naming the event whose time is not a number
 */
export function traceEvents(report: ProfileReport): Trace {
  report.events.forEach(checkEvent);
  const zero = report.events.reduce((least, { start }) => Math.min(least, start), 0);
  const slices = LANES.flatMap((lane) =>
    stack(
      report.events.filter((event) => event.lane === lane),
      zero,
      FIRST_TID[lane],
    ),
  );
  const bars = slices.map((slice) => barOf(slice, rowOf(report.rows, slice.event)));
  const timed = [...bars, ...arrows(slices)].sort(inOrder);
  return {
    traceEvents: [...laneNames(report, slices), ...timed],
    displayTimeUnit: 'ns',
    otherData: {
      adapter: report.adapter.name,
      plan: firstLine(report.plan),
      steps: String(report.steps),
      method: report.method + (report.quantized ? ', quantised' : ''),
    },
  };
}

const firstLine = (text: string) => text.split('\n', 1)[0] ?? '';

function checkEvent({ lane, name, start, duration }: ProfileEvent, index: number): void {
  const said = `event ${index} (${lane} "${name}")`;
  if (!Number.isFinite(start))
    throw new ArgumentError(`${said} starts at ${start}, must be a finite number of microseconds; profile again`);
  if (!Number.isFinite(duration) || duration < 0)
    throw new ArgumentError(`${said} takes ${duration}, must be a number of microseconds >= 0; profile again`);
}

/** Gives each event the first lane where it lies after, or within, what is there: viewers draw nothing else right. */
function stack(events: readonly ProfileEvent[], zero: number, firstTid: number): Slice[] {
  /** For each lane, the ends of the bars that are open, outermost first. */
  const open: number[][] = [];
  return events
    .map((event) => ({
      event,
      start: Math.round((event.start - zero) * 1000),
      end: Math.round((event.start + event.duration - zero) * 1000),
    }))
    .sort((a, b) => a.start - b.start || b.end - a.end)
    .map((slice) => {
      for (const ends of open) while ((ends.at(-1) ?? Number.POSITIVE_INFINITY) <= slice.start) ends.pop();
      let lane = open.findIndex((ends) => slice.end <= (ends.at(-1) ?? Number.POSITIVE_INFINITY));
      if (lane < 0) lane = open.push([]) - 1;
      open[lane]?.push(slice.end);
      return { ...slice, tid: firstTid + lane };
    });
}

/** The plan's row that a GPU event ran: `dispatch` in its args is the row's index. */
function rowOf(rows: readonly ProfileRow[], { lane, args }: ProfileEvent): ProfileRow | undefined {
  return lane === 'gpu' ? rows.find(({ index }) => index === args?.dispatch) : undefined;
}

function barOf({ event, start, end, tid }: Slice, row: ProfileRow | undefined): TraceEvent {
  return {
    ph: 'X',
    name: row ? `${row.label} ${row.kernel}` : event.name,
    cat: event.lane,
    ts: start / 1000,
    dur: (end - start) / 1000,
    pid: PID,
    tid,
    args: {
      submit: event.submit,
      ...(row && {
        layer: row.label,
        kernel: row.kernel,
        shapes: row.shapes,
        grid: row.grid.join('x'),
        workgroup: row.workgroup.join('x'),
        flops: row.flops,
        bytes: row.bytes,
      }),
      ...event.args,
    },
  };
}

/**
 * From the host's "submit" to the first GPU event of that submit. Left out where the GPU is said to begin before the host
 * hands the work over: then the two clocks are further apart than the launch takes, and viewers drop such an arrow.
 */
function arrows(slices: readonly Slice[]): TraceEvent[] {
  const first = new Map<number, Slice>();
  for (const slice of slices)
    if (slice.event.lane === 'gpu' && slice.start < (first.get(slice.event.submit)?.start ?? Number.POSITIVE_INFINITY))
      first.set(slice.event.submit, slice);
  return slices.flatMap((from): TraceEvent[] => {
    const { lane, name, submit: id } = from.event;
    const to = first.get(id);
    if (lane !== 'host' || name !== 'submit' || !to || to.start < from.start - ROUNDING) return [];
    const shared = { name, cat: 'submit', pid: PID, id };
    return [
      { ...shared, ph: 's', ts: from.start / 1000, tid: from.tid },
      { ...shared, ph: 'f', ts: Math.max(from.start, to.start) / 1000, tid: to.tid, bp: 'e' },
    ];
  });
}

/** By time; at one time outer bars before inner ones, and arrows after the bars that they hang on. */
function inOrder(a: TraceEvent, b: TraceEvent): number {
  const rank = { M: 0, X: 1, s: 2, f: 3 };
  return a.ts - b.ts || rank[a.ph] - rank[b.ph] || (b.dur ?? 0) - (a.dur ?? 0);
}

function laneNames(report: ProfileReport, slices: readonly Slice[]): TraceEvent[] {
  const name = (what: string, tid: number, args: Record<string, unknown>): TraceEvent => ({
    ph: 'M',
    name: what,
    ts: 0,
    pid: PID,
    tid,
    args,
  });
  const lanes = LANES.flatMap((lane) => {
    const first = FIRST_TID[lane];
    const tids = new Set([first, ...slices.filter(({ event }) => event.lane === lane).map(({ tid }) => tid)]);
    return [...tids].sort((a, b) => a - b).map((tid) => ({ tid, name: LANE_NAMES[lane], number: tid - first + 1 }));
  });
  return [
    name('process_name', FIRST_TID.host, { name: `latentgpu on ${report.adapter.name}` }),
    ...lanes.flatMap(({ tid, name: lane, number }) => [
      name('thread_name', tid, { name: number === 1 ? lane : `${lane} (overlapping, ${number})` }),
      name('thread_sort_index', tid, { sort_index: tid }),
    ]),
  ];
}
