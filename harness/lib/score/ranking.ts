// How well scores tell odd rows from others, where that is known: ROC and precision-recall curves with their areas, as
// scikit-learn's roc_auc_score and average_precision_score compute them. Rows of one score count together.

/** After the rows down to some score were called odd, from the highest score on. */
export interface RankPoint {
  score: number;
  /** Share of the others that were called odd. */
  falsePositiveRate: number;
  /** Share of the odd rows that were found. */
  recall: number;
  /** Share of those called odd that are. */
  precision: number;
}

export interface Ranking {
  rocAuc: number;
  averagePrecision: number;
  odd: number;
  others: number;
  /** One for each score that occurs, the highest first. */
  points: RankPoint[];
}

/** @returns undefined if all rows are of one kind: there is nothing to tell apart */
export function rank(scores: ArrayLike<number>, isOdd: (row: number) => boolean): Ranking | undefined {
  const order = Array.from(scores, (_, row) => row).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  const odd = order.reduce((count, row) => count + Number(isOdd(row)), 0);
  const others = order.length - odd;
  if (odd === 0 || others === 0) return undefined;
  const points: RankPoint[] = [];
  let [found, wrong, rocAuc, averagePrecision] = [0, 0, 0, 0];
  for (let at = 0; at < order.length; ) {
    const score = scores[order[at] ?? 0] ?? 0;
    const [foundBefore, wrongBefore] = [found, wrong];
    for (; at < order.length && scores[order[at] ?? 0] === score; at++)
      if (isOdd(order[at] ?? 0)) found++;
      else wrong++;
    rocAuc += ((wrong - wrongBefore) / others) * ((found + foundBefore) / 2 / odd);
    averagePrecision += ((found - foundBefore) / odd) * (found / (found + wrong));
    points.push({
      score,
      falsePositiveRate: wrong / others,
      recall: found / odd,
      precision: found / (found + wrong),
    });
  }
  return { rocAuc, averagePrecision, odd, others, points };
}
