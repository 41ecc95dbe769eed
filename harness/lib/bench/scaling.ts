// How a step's time grows with the batch and with the width: series of a sweep, with an exponent each and, for batches,
// what a step costs before its first row.
import type { Series, StepRow } from './report.js';
import { exponentOf, lineThrough, type Point } from './statistics.js';

/** A line through two points says nothing about a third. */
const LEAST_POINTS = 3;

/** Every series of at least three sizes: over the batches at each width, and over the widths at each batch. */
export function scalingOf(rows: readonly StepRow[]): Series[] {
  const widths = [...new Set(rows.map(({ width }) => width))];
  const batches = [...new Set(rows.map(({ batch }) => batch))].sort((a, b) => a - b);
  return [
    ...widths.flatMap((width) =>
      seriesOf(
        `width x${width}`,
        'batch',
        rows.filter((row) => row.width === width),
      ),
    ),
    ...batches.flatMap((batch) =>
      seriesOf(
        `batch ${batch}`,
        'width',
        rows.filter((row) => row.batch === batch),
      ),
    ),
  ];
}

function seriesOf(name: string, against: 'batch' | 'width', rows: readonly StepRow[]): Series[] {
  const points = rows.map((row): Point => [row[against], row.ms.median]).sort(([a], [b]) => a - b);
  const exponent = exponentOf(points);
  if (points.length < LEAST_POINTS || exponent === undefined) return [];
  const line = against === 'batch' ? (lineThrough(points) ?? null) : null;
  return [{ name, against, points: points.map(([x, ms]) => ({ x, ms })), exponent, line }];
}
