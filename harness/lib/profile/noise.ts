// Whether two lists of times differ by more than their scatter explains. Nothing is drawn at random: the same lists give
// the same answer. It sees what differs from sample to sample within a run, not what differs from run to run (another clock
// rate, other load). Used by compare.ts.

/** How often a comparison of two runs of the same thing may name any kernel at all as faster or slower. */
export const FALSE_ALARMS = 0.05;

export type Verdict = 'faster' | 'slower' | 'no difference beyond noise' | 'too few samples';

/** How `b` compares to `a`; a ratio above 1 is slower. */
export interface Change {
  /** Microseconds. */
  medians: [a: number, b: number];
  /** b / a. */
  ratio: number;
  /** Between these lies the ratio of the true medians; not numbers where the timer said 0. */
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
 * The chance that Student's t with `freedom` degrees of freedom lies within -t .. t (Abramowitz & Stegun 1964, 26.7.3 and
 * 26.7.4).
 */
function withinT(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const odd = freedom % 2;
  let term = odd ? Math.cos(angle) : 1;
  let sum = 0;
  for (let power = odd; power <= freedom - 2; power += 2) {
    sum += term;
    term *= ((power + 1) / (power + 2)) * Math.cos(angle) ** 2;
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/** The t that is exceeded with a chance of `miss`, on one side. */
export function studentT(miss: number, freedom: number): number {
  let [low, high] = [0, 1];
  while (1 - withinT(high, freedom) > 2 * miss) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (1 - withinT(middle, freedom) > 2 * miss) low = middle;
    else high = middle;
  }
  return high;
}

/** The same for samples that are means of many calls each, so normal: Student's bounds, which need few samples. */
function meanBounds(samples: readonly number[], miss: number): [low: number, high: number] | null {
  const count = samples.length;
  if (count < 2) return null;
  const mean = samples.reduce((sum, value) => sum + value, 0) / count;
  const variance = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const reach = studentT(miss, count - 1) * Math.sqrt(variance / count);
  return [Math.max(0, mean - reach), mean + reach];
}

/** Times of one kernel in one run, microseconds. */
export interface Times {
  samples: readonly number[];
  /** Each sample is the mean of many calls (timed by repetition), not one call. */
  averaged: boolean;
}

/**
 * The ratio of two medians with bounds that miss it with a chance of at most `miss`. Four bounds of medians are used, each
 * with a quarter of that chance; if all four hold, which is so at least 1 - miss of the time whatever depends on what, the
 * ratio is between low b / high a and high b / low a. Adding the two uncertainties as squares would give bounds 1.4 times
 * as narrow, but only on average and only for independent calls: with a correlation of 0.8 from call to call, 13 of 100
 * comparisons of the same thing were then false alarms at a `miss` of 5.
 */
export function compareTimes(a: Times, b: Times, miss: number): Change {
  const medians: [number, number] = [median(ascending(a.samples)), median(ascending(b.samples))];
  const ratio = medians[1] / medians[0];
  const [inA, inB] = [a, b].map(({ samples, averaged }) => (averaged ? meanBounds : medianBounds)(samples, miss / 4));
  if (!inA || !inB) return { medians, ratio, bounds: [0, Number.POSITIVE_INFINITY], verdict: 'too few samples' };
  // A coarse timer may say 0 for both; 0/0 is neither above nor below 1.
  const [low, high] = [inB[0] / inA[1], inB[1] / inA[0]];
  const verdict = low > 1 ? 'slower' : high < 1 ? 'faster' : 'no difference beyond noise';
  return { medians, ratio, bounds: [low, high], verdict };
}
