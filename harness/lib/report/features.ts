// Of vectors: how far each feature's reconstruction is from what it was, in the data's own units.

export interface FeatureError {
  feature: string;
  /** Root mean squared error, in the data's units. */
  rmse: number;
  /** The same over the feature's (population) standard deviation: 1 is no better than the mean. 0 for one that is constant. */
  share: number;
}

/** What features are called where the data do not say. */
export const featureNames = (size: number, names?: readonly string[]): readonly string[] =>
  names ?? Array.from({ length: size }, (_, index) => `feature ${index + 1}`);

/** @param values, reconstructions [n, names.length] */
export function featureErrors(
  values: Float32Array,
  reconstructions: Float32Array,
  names: readonly string[],
): FeatureError[] {
  const columns = names.length;
  const rows = values.length / columns;
  return names.map((feature, column) => {
    let [sum, squares, error] = [0, 0, 0];
    for (let at = column; at < values.length; at += columns) {
      const value = values[at] ?? 0;
      sum += value;
      error += (value - (reconstructions[at] ?? 0)) ** 2;
    }
    for (let at = column; at < values.length; at += columns) squares += ((values[at] ?? 0) - sum / rows) ** 2;
    const [rmse, deviation] = [Math.sqrt(error / rows), Math.sqrt(squares / rows)];
    return { feature, rmse, share: deviation > 0 ? rmse / deviation : 0 };
  });
}

/** "alcohol 0.21 (0.26), ash 0.1 (0.37)": the worst of them. */
export function featureText(errors: readonly FeatureError[], most = 5): string {
  const worst = errors.toSorted((a, b) => b.share - a.share).slice(0, most);
  return worst.map(({ feature, rmse, share }) => `${feature} ${rmse.toPrecision(3)} (${share.toFixed(2)})`).join(', ');
}
