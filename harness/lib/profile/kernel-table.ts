// One matmul in all its variants as text: a row a variant and form, the fastest of each form marked, and below it how it
// was measured and what was refused. `--kernel` of harness/profile.js prints it.
import { type KernelProgress, type KernelReport, type KernelRow, variantText } from 'latentgpu/node';

/** Columns with text; the others are numbers. */
const TEXT = new Set([0, 1, 2, 10]);

export function kernelTable({ rows }: KernelReport): string {
  const header = [
    'form',
    'variant',
    'grid x wg',
    'calls',
    'med. us',
    'p95 us',
    'GFLOP/s',
    'GB/s',
    'FLOP/B',
    'err/limit',
  ];
  return layOut([[...header, ''], ...rows.map(cells)]).join('\n');
}

function cells(row: KernelRow): string[] {
  const { form, grid, workgroup, calls, median, p95, gflops, gbs, intensity, worst } = row;
  return [
    form,
    variantName(row),
    `${grid[0]}x${grid[1]} x ${workgroup[0]}`,
    String(calls),
    ...[median, p95, gflops, gbs, intensity].map(figures),
    worst.toFixed(4),
    markOf(row),
  ];
}

/** One line: "timing 3 of 24: NT subgroups 8 lanes 32x4". */
export function progressLine({ form, variant, number, of }: KernelProgress): string {
  return `timing ${number} of ${of}: ${form} ${variantName({ variant })}`;
}

/** As a model's `variants` names it: "tiled 32x32x16 4x4", "subgroups 8 lanes 32x4 vec4". */
export const variantName = ({ variant }: Pick<KernelRow, 'variant'>): string => variantText(variant);

/** What a row is marked as, at its end. */
export const markOf = (row: Pick<KernelRow, 'best' | 'default'>): string =>
  [row.best ? '<- best' : '', row.default ? 'default' : ''].filter(Boolean).join(', ');

/** What is said below the table. */
export function kernelSummary({ m, n, k, precision, method, quantized, checked, rows, refused }: KernelReport): string {
  const all = checked.rows === m && checked.columns === n;
  const part = all ? 'every element' : `${checked.rows} of ${m} rows at ${checked.columns} of ${n} columns`;
  const how = {
    timestamps: "by the GPU's timestamps, one pass a call",
    repetition: `by repetition (${quantized ? 'its timestamps are rounded' : 'the device has no timestamps in use'}): times are means of many calls back to back`,
  };
  const best = rows.filter((row) => row.best).map((row) => `${row.form} ${variantName(row)}`);
  return [
    `product    C [${m}, ${n}] = A B over k = ${k}; N as it is read, T stored transposed${precision === 'f16' ? '; A and B are f16' : ''}`,
    `checked    ${part} of each against f64; the limit is 2 k 2^-24 sum |a b|`,
    `measured   ${how[method]}`,
    `best       ${best.length > 0 ? best.join(', ') : 'none'}`,
    ...refused.map((one) => `refused    ${one.form} ${variantName(one)}: ${one.reason}`),
  ].join('\n');
}

/** Three figures, without an exponent. */
function figures(value: number): string {
  if (value >= 999.5) return value.toFixed(0);
  return value === 0 ? '0' : value < 0.01 ? '<0.01' : value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

function layOut(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (TEXT.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
