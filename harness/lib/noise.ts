// Whether two lists of times differ by more than their scatter explains. Rank-based: no distribution is assumed, nothing is
// drawn at random, so the same lists give the same answer. It sees what differs from call to call within a run, not what
// differs from run to run (another clock rate, other load). Used by compare.ts.

/** How often a comparison of two runs of the same thing may name any kernel at all as faster or slower. */
export const FALSE_ALARMS = 0.05;

export type Verdict = 'faster' | 'slower' | 'no difference beyond noise' | 'too few samples';

/** How `b` compares to `a`; a ratio above 1 is slower. */
export interface Change {
  /** Microseconds. */
  medians: [a: number, b: number];
  /** b / a. */
  ratio: number;
  /** Between these lies the ratio of the true medians. */
  bounds: [low: number, high: number];
  verdict: Verdict;
}

const median = (sorted: readonly number[]): number => {
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] ?? Number.NaN) + (sorted[Math.ceil(at)] ?? Number.NaN)) / 2;
};

const ascending = (samples: readonly number[]) => [...samples].sort((a, b) => a - b);

/**
 * How many calls count as one, because a call tells what its neighbours told: 1 if they are independent, more if the time
 * drifts or comes in waves. It is the factor by which correlation widens the variance of the number of calls above the
 * median, 1 + 2 (r1 + r2 + ...) with r the autocorrelation of that side's sign. The sum ends where the estimates turn to
 * noise: at the first pair of neighbouring lags that is not positive (Geyer 1992, "Practical Markov chain Monte Carlo",
 * section 3.3). Never below 1, so it can only widen the bounds.
 */
export function correlationTime(samples: readonly number[]): number {
  const middle = median(ascending(samples));
  const signs = samples.map((value) => Math.sign(value - middle));
  const mean = signs.reduce((sum, sign) => sum + sign, 0) / signs.length;
  const covariance = (lag: number) => {
    let sum = 0;
    for (let i = lag; i < signs.length; i++) sum += ((signs[i] ?? 0) - mean) * ((signs[i - lag] ?? 0) - mean);
    return sum;
  };
  const variance = covariance(0);
  if (!(variance > 0)) return 1;
  let time = -1;
  for (let lag = 0; lag + 1 < signs.length; lag += 2) {
    const pair = (covariance(lag) + covariance(lag + 1)) / variance;
    if (pair <= 0) break;
    time += 2 * pair;
  }
  return Math.max(1, time);
}

/**
 * The highest rank j (from 1) at which a value of m sorted ones is above the true median with a chance of at most `miss`.
 * It is above only if fewer than j values are below the median, and these are Binomial(m, 1/2): so the largest j with
 * P(Binomial(m, 1/2) < j) <= miss. 0: m is too small for any bound.
 */
function boundRank(m: number, miss: number): number {
  let logProbability = -m * Math.LN2; // of exactly j below; 2^-m itself would be 0 for a large m
  let below = 0;
  let j = 0;
  while (j < m / 2) {
    below += Math.exp(logProbability);
    if (below > miss) break;
    logProbability += Math.log((m - j) / (j + 1));
    j++;
  }
  return j;
}

/**
 * Bounds of the median of which `samples` are calls, each wrong with a chance of at most `miss`; null if there are too few
 * calls. No distribution is assumed. Calls that hang together count as n / correlationTime, and the rank found for these is
 * spread over all n.
 */
function medianBounds(samples: readonly number[], miss: number): [low: number, high: number] | null {
  const independent = Math.floor(samples.length / correlationTime(samples));
  const rank = Math.floor((boundRank(independent, miss) * samples.length) / Math.max(independent, 1));
  const sorted = ascending(samples);
  const [low, high] = [sorted[rank - 1], sorted[samples.length - rank]];
  return low === undefined || high === undefined ? null : [low, high];
}

/**
 * The ratio of two medians with bounds that miss it with a chance of at most `miss`. Four bounds of medians are used, each
 * with a quarter of that chance; if all four hold, which is so at least 1 - miss of the time whatever depends on what, the
 * ratio is between low b / high a and high b / low a. Adding the two uncertainties as squares would give bounds 1.4 times
 * as narrow, but only on average and only for independent calls: with a correlation of 0.8 from call to call, 13 of 100
 * comparisons of the same thing were then false alarms at a `miss` of 5.
 */
export function compareSamples(a: readonly number[], b: readonly number[], miss: number): Change {
  const medians: [number, number] = [median(ascending(a)), median(ascending(b))];
  const ratio = medians[1] / medians[0];
  const [inA, inB] = [medianBounds(a, miss / 4), medianBounds(b, miss / 4)];
  if (!inA || !inB) return { medians, ratio, bounds: [0, Number.POSITIVE_INFINITY], verdict: 'too few samples' };
  // A coarse timer may say 0: above nothing, every ratio is possible.
  const low = inB[0] === 0 ? 0 : inB[0] / inA[1];
  const high = inA[0] === 0 ? Number.POSITIVE_INFINITY : inB[1] / inA[0];
  const verdict = low > 1 ? 'slower' : high < 1 ? 'faster' : 'no difference beyond noise';
  return { medians, ratio, bounds: [low, high], verdict };
}
