// A profile as text: a table with a row a dispatch, 150 columns at most, and below it where a step's time goes.
import { ArgumentError, type Ceilings, type Plan, type ProfileReport, type ProfileRow } from 'latentgpu/node';

const COLUMNS = 150;
const LABEL_COLUMNS = 14;

/** Names as the table has them. */
const brief = (name: string) => name.replaceAll('gradient', 'grad').replaceAll('activation', 'act');

interface Named {
  label: string;
  kernel: string;
}

/**
 * Those that a person means by `name`: a number of the table, or a part of a kernel's or a layer's name.
 * @throws ArgumentError naming what there is, if none
 */
export function named<T extends Named>(all: readonly T[], name: string): T[] {
  const wanted = brief(name.toLowerCase());
  const whole = (item: Named) => [item.kernel, item.label].map((text) => brief(text.toLowerCase()));
  const tests = [
    (_item: T, index: number) => String(index + 1) === name,
    (item: T) => whole(item).includes(wanted),
    (item: T) => whole(item).some((text) => text.includes(wanted)),
  ];
  for (const test of tests) {
    const found = all.filter(test);
    if (found.length > 0) return found;
  }
  const kernels = [...new Set(all.map(({ kernel }) => kernel))].join(', ');
  throw new ArgumentError(
    `no kernel or layer "${name}" in this plan; it has numbers 1 to ${all.length} and the kernels ${kernels}`,
  );
}

/** Dispatches of a plan by name, as `--wgsl` takes it. */
export const dispatchesNamed = (plan: Plan, name: string): Plan['dispatches'] => named(plan.dispatches, name);

/** The table; with `name`, only the rows that it names. */
export function profileTable(report: ProfileReport, name?: string): string {
  const rows = name === undefined ? report.rows : named(report.rows, name);
  const header = ['#', 'layer', 'kernel', 'shapes', 'grid x wg', 'calls', 'med. us', 'p95 us'].concat(
    ['share', 'GFLOP/s', 'GB/s', 'FLOP/B'],
    report.ceilings ? ['roof'] : [],
  );
  return layOut([header, ...rows.map((row) => cells(row))]).join('\n');
}

function cells(row: ProfileRow): string[] {
  const { index, label, kernel, grid, workgroup, calls, median, p95, share, gflops, gbs, intensity, roofline } = row;
  return [
    String(index + 1),
    cut(label, LABEL_COLUMNS),
    brief(kernel),
    shapes(row.shapes),
    `${withoutOnes(grid)} x ${withoutOnes(workgroup)}`,
    String(calls),
    figures(median),
    figures(p95),
    `${(100 * share).toFixed(1)}%`,
    figures(gflops),
    figures(gbs),
    figures(intensity),
    ...(roofline === null ? [] : [`${(100 * roofline).toFixed(0)}%`]),
  ];
}

/** 128x784 512x784 -> 128x512: the tensors' sizes without their names, and without the vectors beside matrices. */
function shapes(text: string): string {
  const sizes = text.replace(/\w*\[([^\]]*)\]/g, (_all, axes: string) => axes.replaceAll(', ', 'x') || '1');
  const matrices = sizes.split(' ').filter((word) => !/^\d+$/.test(word));
  return matrices.length > 2 ? matrices.join(' ') : sizes;
}

/** 16x49 for [16, 49, 1]. */
function withoutOnes([x, y, z]: readonly [number, number, number]): string {
  return z > 1 ? `${x}x${y}x${z}` : y > 1 ? `${x}x${y}` : `${x}`;
}

/** Three figures, without an exponent. */
function figures(value: number): string {
  if (value >= 999.5) return value.toFixed(0);
  return value === 0 ? '0' : value < 0.01 ? '<0.01' : value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

const cut = (text: string, columns: number) => (text.length > columns ? `${text.slice(0, columns - 1)}…` : text);

/** Shapes in `columns`: what is written is the last to go. */
function cutShapes(text: string, columns: number): string {
  const [from = '', to] = text.split(' -> ');
  const room = columns - (to?.length ?? 0) - ' … -> '.length;
  if (text.length <= columns || to === undefined || room < 1) return cut(text, columns);
  const words = from.split(' ');
  while (words.length > 1 && words.join(' ').length > room) words.pop();
  return words.join(' ').length > room ? cut(text, columns) : `${words.join(' ')} … -> ${to}`;
}

/** Text to the left, numbers to the right; shapes give way. */
function layOut(rows: string[][]): string[] {
  const [LEFT_FROM, LEFT_TO, SHAPES] = [1, 4, 3];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const total = widths.reduce((sum, width) => sum + width + 2, -2);
  widths[SHAPES] = Math.max(6, (widths[SHAPES] ?? 0) - Math.max(0, total - COLUMNS));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const text = (column === SHAPES ? cutShapes : cut)(cell, width);
        return column >= LEFT_FROM && column <= LEFT_TO ? text.padEnd(width) : text.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** What is said below the table. */
export function profileSummary({ step, method, quantized, steps, ceilings, bottleneck, rows }: ProfileReport): string {
  const { kernels, gaps, encode, submit, readback, wall, wallUntimed } = step;
  const cost = Math.round(100 * (wall / wallUntimed - 1));
  const costs = cost > 0 ? `+${cost}%` : 'no slower';
  const timing = method === 'repetition' ? '' : `; with timing, a pass a dispatch, ${time(wall)} (${costs})`;
  return [
    `kernels    ${time(kernels)} a step: the sum of ${rows.length} medians`,
    `gaps       ${time(gaps)} a step between dispatches`,
    `host       encode ${time(encode)}, submit ${time(submit)}, readback ${time(readback)} a step`,
    `wall       ${time(wallUntimed)} a step in one pass${timing}`,
    `measured   ${methodText(method, quantized, steps)}`,
    ...variantsText(rows),
    ...(ceilings ? [ceilingsText(ceilings)] : []),
    ...wrap(bottleneck.sentence),
  ].join('\n');
}

/** How the matmuls are computed, and which rows they are. */
function variantsText(rows: readonly ProfileRow[]): string[] {
  const numbers = new Map<string, number[]>();
  for (const { variant, shapes, index } of rows) {
    if (variant === undefined) continue;
    const name = `${variant}${operandsText(shapes)}`;
    numbers.set(name, [...(numbers.get(name) ?? []), index + 1]);
  }
  const told = [...numbers].map(([variant, rowsOf]) => `${variant} (${numbers.size > 1 ? rowsOf.join(' ') : 'all'})`);
  return told.length === 0 ? [] : wrap(`matmuls    ${told.join(', ')}`);
}

/** " f16" if A and B are, " f16 A" if A alone is. */
function operandsText(shapes: string): string {
  const half = ['a', 'b'].filter((name) => new RegExp(`\\b${name}\\[[^\\]]*\\]f16`).test(shapes));
  return half.length === 2 ? ' f16' : half.map((name) => ` f16 ${name.toUpperCase()}`).join('');
}

function methodText(method: ProfileReport['method'], quantized: boolean, steps: number): string {
  if (method === 'timestamps') return `by the GPU's timestamps, over ${steps} steps`;
  const why = quantized ? 'its timestamps are rounded' : 'the device has no timestamps in use';
  return `by repetition of each kernel (${why}): times are means of many calls back to back`;
}

/** The device's limits, and what a dispatch costs on it. */
export function ceilingsText(ceilings: Ceilings): string {
  const { fmaGflops, readGbs, writeGbs, copyGbs, dispatchUs, dependentUs, passUs } = ceilings;
  const [read, write, copy] = [readGbs, writeGbs, copyGbs].map(figures);
  return [
    `ceilings   ${figures(fmaGflops)} GFLOP/s f32 multiply-add; memory GB/s: read ${read}, write ${write}, copy ${copy}`,
    `dispatch   empty ${time(dispatchUs)}, waiting for the one before ${time(dependentUs)}, in a pass of its own ${time(passUs)}`,
  ].join('\n');
}

/** Lines of at most COLUMNS. */
function wrap(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > COLUMNS) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** 0.5 us, 870 us, 12.3 ms */
function time(us: number): string {
  return us < 999.5 ? `${figures(us)} us` : `${figures(us / 1000)} ms`;
}
