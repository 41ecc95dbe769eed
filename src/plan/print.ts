// The plan as a table for people: one row a dispatch.
import { showShape } from '../graph/operations/ops.js';
import { footprint } from './footprint.js';
import type { Dispatch, Plan } from './plan.js';
import { waits } from './waits.js';

const HEADER = ['#', 'layer', 'kernel', 'reads -> writes', 'grid', 'MFLOP', 'KiB'];

/**
 * A table of the plan: dispatch, layer, kernel, shapes, workgroups, floating point operations, least memory traffic;
 * below it the sums, how many must wait, and the memory by what it is for.
 */
export function printPlan(plan: Plan): string {
  const rows = plan.dispatches.map((dispatch, index) => [
    String(index + 1),
    dispatch.label,
    dispatch.kernel,
    showTensors(dispatch),
    dispatch.grid.join('x'),
    (dispatch.flops / 1e6).toFixed(2),
    (dispatch.bytes / 1024).toFixed(0),
  ]);
  const sum = (of: (dispatch: Dispatch) => number) =>
    plan.dispatches.reduce((total, dispatch) => total + of(dispatch), 0);
  const total = [
    '',
    `${plan.dispatches.length} dispatches`,
    '',
    '',
    '',
    (sum((d) => d.flops) / 1e6).toFixed(2),
    (sum((d) => d.bytes) / 1024).toFixed(0),
  ];
  return [plan.name, ...table([HEADER, ...rows, total]), waitsText(plan), memoryText(plan)].join('\n');
}

/** What costs on a GPU is less the dispatches than those that cannot begin before others have ended. */
function waitsText({ dispatches }: Plan): string {
  const waiting = waits(dispatches, 'buffers').filter((each) => each).length;
  return `dependent dispatches: ${waiting} of ${dispatches.length} must wait for one before them`;
}

function memoryText(plan: Plan): string {
  const parts = Object.entries(footprint(plan)).filter(([, bytes]) => bytes > 0);
  const sum = parts.reduce((all, [, bytes]) => all + bytes, 0);
  return `memory: ${mebibytes(sum)}: ${parts.map(([kind, bytes]) => `${kind} ${mebibytes(bytes)}`).join(', ')}`;
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;

/** A dispatch's tensors, `reads -> writes`. Only those that differ from dispatch to dispatch: not settings and counters. */
export function showTensors({ bindings }: Dispatch): string {
  const told = bindings.filter(({ name }) => name !== 'settings' && name !== 'progress');
  const list = (written: boolean) =>
    told
      .filter(({ access }) => (access === 'write' || access === 'read_write') === written)
      .map(({ name, tensor }) => `${name}${showShape(tensor.shape)}${tensor.type ?? ''}`)
      .join(' ');
  return `${list(false)} -> ${list(true)}`;
}

function table(rows: string[][]): string[] {
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const numeric = new Set([0, 5, 6]);
  return rows.map((row) =>
    row
      .map((cell, column) =>
        numeric.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
