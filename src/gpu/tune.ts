// Finds the fastest of several ways to compute the same thing, within a budget of time. Each contest begins with its default:
// the others must compute what it computes, and be faster by more than noise. It knows no kernel and no clock of the GPU:
// whoever calls it makes what is run and times it (profile/tune-bench.ts).
import { ShaderError } from '../errors.js';

/** One way to compute it, ready to run. */
export interface Contender {
  /** Computes once, and gives what was written. */
  result(): Promise<Float32Array>;
  /** Computes `count` times. @returns microseconds of each */
  time(count: number): Promise<number[]>;
}

/** Several ways to compute one thing. */
export interface Contest {
  /** As the choice will be known. */
  name: string;
  /** Names; the default first. */
  candidates: readonly string[];
  /** Floating point operations of one computation. */
  flops: number;
  /** How often it is computed in a step: the budget is shared out by operations. */
  calls: number;
  /** Relative L2 distance from the default's result that rounding explains; beyond it a candidate is wrong. */
  tolerance: number;
  /** @throws ShaderError if the device does not compile it */
  make(candidate: string): Promise<Contender>;
}

export interface TuneOptions {
  /** Milliseconds for all contests; one that has none left keeps its default. */
  budgetMs: number;
  /** What the device multiplies and adds at best, in GFLOP/s: a candidate that reaches 80% of it ends its contest. */
  ceilingGflops?: number;
  /**
   * How many candidates are compiled while another is timed: none by default, as on a software adapter compiling would slow
   * down what is timed.
   */
  ahead?: number;
  /** Milliseconds; performance.now by default. */
  now?: () => number;
  /** Told when a contest is decided. */
  onOutcome?: (outcome: Outcome) => void;
}

/** A candidate that is not chosen, however fast it is. */
export interface Refusal {
  /** Its name. */
  candidate: string;
  /** For people. */
  reason: string;
}

/** How a contest ended. */
export interface Outcome {
  /** The shape: "NT 128x512x784". */
  name: string;
  /** The winner. */
  choice: string;
  /** Shortest microseconds of the winner and of the default; absent where there was no time left. */
  us?: number;
  /** The default's. */
  defaultUs?: number;
  /** Candidates that were timed, the default among them. */
  timed: number;
  /** How many there were. */
  candidates: number;
  /** Those that compute something else, or do not compile. */
  refused: Refusal[];
}

/** A share of the ceiling beyond which there is nothing left to look for. */
export const ENOUGH = 0.8;
/** What a candidate must be faster by than the default: less is noise, and the default's bits are worth keeping. */
export const LEAST_GAIN = 0.02;

/** Runs of each candidate at first; one where that takes too long to be near. */
const QUICK_RUNS = 3;
/** A candidate that was never nearer than so many times the best is not tried again: on software its compilation takes seconds. */
const HOPELESS = 3;
/** Those that take at most so many times the best's time run again, in turn. */
const NEAR = 1.3;
const FINALISTS = 4;
const FINAL_ROUNDS = 4;
const FINAL_RUNS = 2;
/** The least, also past the deadline, and the share of them that a winner must be faster in than the default. */
const LEAST_ROUNDS = 3;
const WON = 0.75;

/** @returns an outcome a contest, in the contests' order */
export async function tune(contests: readonly Contest[], options: TuneOptions): Promise<Outcome[]> {
  const { budgetMs, now = () => performance.now(), onOutcome } = options;
  const end = now() + budgetMs;
  const outcomes = new Map<Contest, Outcome>();
  const standings = new Standings();
  const work = ({ flops, calls }: Contest) => flops * calls;
  let left = contests.reduce((sum, contest) => sum + work(contest), 0);
  // The largest first: what they teach about the candidates, the others need not find out.
  for (const contest of contests.toSorted((a, b) => work(b) - work(a))) {
    const start = now();
    const deadline = start + ((end - start) * work(contest)) / left;
    left -= work(contest);
    const outcome = start < end ? await decide(contest, deadline, now, standings, options) : undecided(contest);
    outcomes.set(contest, outcome);
    onOutcome?.(outcome);
  }
  return contests.map((contest) => outcomes.get(contest) ?? undecided(contest));
}

const defaultOf = ({ candidates }: Contest): string => candidates[0] ?? '';

const undecided = (contest: Contest): Outcome => ({
  name: contest.name,
  choice: defaultOf(contest),
  timed: 0,
  candidates: contest.candidates.length,
  refused: [],
});

/** How many times the best's time each candidate took in the contests so far. */
class Standings {
  private readonly ratios = new Map<string, number[]>();

  note(candidate: string, ratio: number): void {
    this.ratios.set(candidate, [...(this.ratios.get(candidate) ?? []), ratio]);
  }

  /** Those that did well first; what is not known yet before what is slow; without the hopeless. */
  order(candidates: readonly string[]): string[] {
    const score = (candidate: string) => {
      const ratios = this.ratios.get(candidate) ?? [NEAR];
      return ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    };
    const hopeless = (candidate: string) => Math.min(...(this.ratios.get(candidate) ?? [1])) > HOPELESS;
    return candidates.filter((candidate) => !hopeless(candidate)).toSorted((a, b) => score(a) - score(b));
  }
}

interface Timed {
  candidate: string;
  contender: Contender;
  /** Shortest so far. */
  us: number;
  /** Whether it was faster than the default in most of the rounds in which both ran. */
  won: boolean;
}

async function decide(
  contest: Contest,
  deadline: number,
  now: () => number,
  standings: Standings,
  { ceilingGflops = Number.POSITIVE_INFINITY, ahead = 0 }: TuneOptions,
): Promise<Outcome> {
  const refused: Refusal[] = [];
  const enough = (us: number) => contest.flops / us / 1000 >= ENOUGH * ceilingGflops;
  const standard = await contest.make(defaultOf(contest));
  const reference = await standard.result();
  const first: Timed = {
    candidate: defaultOf(contest),
    contender: standard,
    us: await quickest(standard, QUICK_RUNS),
    won: true,
  };
  const timed = [first];
  let best = first.us;
  const order = standings.order(contest.candidates.slice(1));
  const making: Promise<Contender>[] = [];
  for (const [index, candidate] of order.entries()) {
    if (enough(best) || now() >= deadline) break;
    for (const next of order.slice(making.length, index + 1 + ahead)) making.push(begun(contest.make(next)));
    const made = await admit(contest, candidate, making[index] ?? contest.make(candidate), reference);
    if ('reason' in made) {
      refused.push(made);
      continue;
    }
    let us = await quickest(made, 1);
    if (us <= NEAR * NEAR * best) us = Math.min(us, await quickest(made, QUICK_RUNS - 1));
    timed.push({ candidate, contender: made, us, won: false });
    best = Math.min(best, us);
  }
  await Promise.allSettled(making);
  for (const { candidate, us } of timed) standings.note(candidate, us / best);
  if (timed.length > 1) await runAgain(timed, best, deadline, now);
  const fastest = timed.filter(({ won }) => won).reduce((a, b) => (b.us < a.us ? b : a));
  const winner = fastest.us < first.us * (1 - LEAST_GAIN) ? fastest : first;
  return {
    name: contest.name,
    choice: winner.candidate,
    us: winner.us,
    defaultUs: first.us,
    timed: timed.length,
    candidates: contest.candidates.length,
    refused,
  };
}

/** One that fails is told when it is awaited. */
function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

/** Compares what it computes with the default's result. */
async function admit(
  contest: Contest,
  candidate: string,
  making: Promise<Contender>,
  reference: Float32Array,
): Promise<Contender | Refusal> {
  try {
    const made = await making;
    const distance = relativeDistance(await made.result(), reference);
    if (distance <= contest.tolerance) return made;
    const reason = `wrong: its result is ${distance.toPrecision(2)} from the default's (relative L2), must be at most ${contest.tolerance}`;
    return { candidate, reason };
  } catch (error) {
    if (error instanceof ShaderError) return { candidate, reason: error.message };
    throw error;
  }
}

/** The near ones in turn, so that other work on the machine slows all of them alike. */
async function runAgain(timed: Timed[], best: number, deadline: number, now: () => number): Promise<void> {
  const [first, ...others] = timed;
  const near = others.filter(({ us }) => us <= NEAR * best).sort((a, b) => a.us - b.us);
  if (!first || near.length === 0) return;
  const finalists = [first, ...near.slice(0, FINALISTS - 1)];
  const wins = new Map<Timed, number>();
  let rounds = 0;
  for (; rounds < FINAL_ROUNDS && (rounds < LEAST_ROUNDS || now() < deadline); rounds++) {
    let standard = 0;
    for (const one of finalists) {
      const us = await quickest(one.contender, FINAL_RUNS);
      one.us = Math.min(one.us, us);
      if (one === first) standard = us;
      else if (us < standard) wins.set(one, (wins.get(one) ?? 0) + 1);
    }
  }
  for (const one of finalists) if (one !== first) one.won = (wins.get(one) ?? 0) >= WON * rounds;
}

const quickest = async (contender: Contender, runs: number): Promise<number> =>
  Math.min(...(await contender.time(runs)));

/** ||a - b|| / ||b||; NaN if anything in it is. */
export function relativeDistance(a: Float32Array, b: Float32Array): number {
  let [difference, norm] = [0, 0];
  for (const [i, value] of b.entries()) {
    difference += ((a[i] ?? Number.NaN) - value) ** 2;
    norm += value ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / norm);
}
