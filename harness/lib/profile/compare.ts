// Two profiles side by side as text: which kernels got faster or slower, by how much, and how much of that the scatter of
// the calls explains (noise.ts). Reports come from read-report.ts; `profile.js --compare` prints the text.

import type { ProfileReport, ProfileRow } from 'latentgpu/node';
import { type Change, compareTimes, FALSE_ALARMS, type Verdict } from './noise.js';

interface Pair {
  a: ProfileRow;
  b: ProfileRow;
}

/** What a kernel does, whichever variant of the matmul does it. */
const purpose = (kernel: string) => kernel.replace(/^matmul_[a-z]+/, 'matmul');

/**
 * Rows that do the same for the same layer: those of the same shapes first, then those whose shapes changed; several that
 * are alike in their order.
 */
function pairRows(
  a: readonly ProfileRow[],
  b: readonly ProfileRow[],
): { pairs: Pair[]; onlyA: ProfileRow[]; onlyB: ProfileRow[] } {
  const partner = new Map<ProfileRow, ProfileRow>();
  const free = new Set(b);
  const keys = [
    (row: ProfileRow) => JSON.stringify([row.label, purpose(row.kernel), row.shapes]),
    (row: ProfileRow) => JSON.stringify([row.label, purpose(row.kernel)]),
  ];
  for (const key of keys)
    for (const row of a) {
      const found = partner.has(row) ? undefined : [...free].find((other) => key(other) === key(row));
      if (!found) continue;
      partner.set(row, found);
      free.delete(found);
    }
  const pairs = a.flatMap((row) => {
    const other = partner.get(row);
    return other ? [{ a: row, b: other }] : [];
  });
  return { pairs, onlyA: a.filter((row) => !partner.has(row)), onlyB: [...free] };
}

/** The sum of all kernels, one entry a step; null if the rows do not have the same number of samples. */
function stepSums(rows: readonly ProfileRow[]): number[] | null {
  const calls = rows[0]?.samples.length ?? 0;
  if (calls === 0 || rows.some(({ samples }) => samples.length !== calls)) return null;
  return Array.from({ length: calls }, (_, i) => rows.reduce((sum, { samples }) => sum + (samples[i] ?? 0), 0));
}

/**
 * The comparison as text: a table with a row a kernel of both plans, and below it what only one of them has, the sums and
 * what the bounds mean. With more rows each bound is wider, so that the chance of any false alarm stays FALSE_ALARMS.
 * @param names what to call the two, for example their files
 */
export function compareReports(
  a: ProfileReport,
  b: ProfileReport,
  names: readonly [string, string] = ['A', 'B'],
): string {
  const { pairs, onlyA, onlyB } = pairRows(a.rows, b.rows);
  const [sumA, sumB] = [stepSums(a.rows), stepSums(b.rows)];
  const miss = FALSE_ALARMS / (pairs.length + 1);
  const compare = (inA: readonly number[], inB: readonly number[]) =>
    compareTimes(
      { samples: inA, averaged: a.method === 'repetition' },
      { samples: inB, averaged: b.method === 'repetition' },
      miss,
    );
  const changes = pairs.map((pair) => ({ ...pair, change: compare(pair.a.samples, pair.b.samples) }));
  const sum = sumA && sumB ? compare(sumA, sumB) : null;
  const rows = [
    ...changes.map(({ a: one, b: other, change }) => [one.label, kernelNames(one, other), ...cells(change)]),
    ...(sum ? [['all kernels', 'a step', ...cells(sum)]] : []),
  ];
  return [
    `A: ${describe(a, names[0])}`,
    `B: ${describe(b, names[1])}`,
    ...warnings(a, b).map((text) => `warning: ${text}`),
    '',
    ...(rows.length > 0 ? table([HEADER, ...rows]) : []),
    ...(pairs.length === 0 ? ['The two have no kernel in common.'] : []),
    ...onlyA.map((row) => `only in A: ${oneSided(row)}`),
    ...onlyB.map((row) => `only in B: ${oneSided(row)}`),
    '',
    ...conclusion(changes),
    `Wall time a step: A ${us(a.step.wallUntimed)} us, B ${us(b.step.wallUntimed)} us (one number a run, so without bounds).`,
    `Bounds are of B/A, from the scatter of the samples: two runs of the same thing show a difference in any row at most ` +
      `${FALSE_ALARMS * 100} times in 100. What changes from run to run (clock rate, other load) is not in them.`,
  ].join('\n');
}

const HEADER = ['layer', 'kernel', 'A us', 'B us', 'B/A', 'bounds', 'verdict'];
const RIGHT = new Set([2, 3, 4, 5]);

const us = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const times = (value: number) => (Number.isFinite(value) ? value.toFixed(3) : '-');

function cells({ medians, ratio, bounds, verdict }: Change): string[] {
  const known = verdict !== 'too few samples';
  return [us(medians[0]), us(medians[1]), times(ratio), known ? bounds.map(times).join(' .. ') : '-', verdict];
}

function kernelNames(a: ProfileRow, b: ProfileRow): string {
  const kernel = a.kernel === b.kernel ? a.kernel : `${a.kernel} -> ${b.kernel}`;
  return a.shapes === b.shapes ? kernel : `${kernel} (other shapes)`;
}

const oneSided = ({ label, kernel, shapes, median: middle }: ProfileRow) =>
  `${label} ${kernel} ${shapes}, ${us(middle)} us`;

const firstLine = (text: string) => text.split('\n', 1)[0] ?? '';

const describe = ({ adapter, plan, steps, method }: ProfileReport, name: string) =>
  `${name} (${adapter.name}, ${firstLine(plan)}, ${steps} steps, timed by ${method})`;

function warnings(a: ProfileReport, b: ProfileReport): string[] {
  const texts: string[] = [];
  const [onA, onB] = [a, b].map(({ adapter }) => `"${adapter.name}" (${adapter.backend})`);
  if (onA !== onB) texts.push(`different adapters, ${onA} and ${onB}: the difference may be theirs`);
  if (a.plan !== b.plan)
    texts.push(
      firstLine(a.plan) === firstLine(b.plan)
        ? 'different plans of the same name: rows are matched by layer and purpose'
        : `different plans, "${firstLine(a.plan)}" and "${firstLine(b.plan)}": rows are matched by layer and purpose`,
    );
  if (a.method !== b.method)
    texts.push(`A is timed by ${a.method}, B by ${b.method}: the two do not count the same; profile both alike`);
  return texts;
}

/** In words: what changed, largest change of time first. */
function conclusion(changes: readonly (Pair & { change: Change })[]): string[] {
  const list = (verdict: Verdict) =>
    changes
      .filter(({ change }) => change.verdict === verdict)
      .map(({ a, change }) => ({ a, change, gain: change.medians[1] - change.medians[0] }))
      .sort((x, y) => Math.abs(y.gain) - Math.abs(x.gain));
  const said = (['slower', 'faster'] as const).flatMap((verdict) => {
    const found = list(verdict).map(
      ({ a, change, gain }) =>
        `${a.label} ${a.kernel} ${times(change.ratio)}x (${gain > 0 ? '+' : '-'}${us(Math.abs(gain))} us)`,
    );
    return found.length > 0 ? [`B is ${verdict} in ${found.length} of ${changes.length}: ${found.join(', ')}.`] : [];
  });
  const same = list('no difference beyond noise').length;
  if (same > 0) said.push(`No difference beyond noise in ${same} of ${changes.length}.`);
  const few = list('too few samples').length;
  if (few > 0)
    said.push(`${few} of ${changes.length} have too few independent samples for bounds: profile more steps.`);
  return said;
}

function table(rows: string[][]): string[] {
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        RIGHT.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
