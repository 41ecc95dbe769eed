// The contents of a tensor file for a person: a row a tensor, totals, metadata.
import type { FileSummary, TensorSummary, Total } from './summary.js';

const NAME_COLUMNS = 60;
const SHAPE_COLUMNS = 40;
const METADATA_COLUMNS = 100;
const HEAD = ['tensor', 'dtype', 'shape', 'values', 'L2 norm', 'min', 'max', 'mean', 'NaN', 'inf'];
/** Names to the left, numbers to the right. */
const LEFT = 3;

/** Lines of one file, without an end of line after the last. */
export function inspectTable({ file, bytes, metadata, tensors, totals }: FileSummary): string {
  const rows = [HEAD, ...tensors.map(cells), ...Object.entries(totals).map(totalCells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column < LEFT ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  const keys = Object.keys(metadata);
  const keyWidth = Math.max(...keys.map((key) => plain(key, NAME_COLUMNS).length));
  return [
    `${file}: ${grouped(bytes)} bytes`,
    ...rows.map((row) => row.map(pad).join('  ').trimEnd()),
    keys.length > 0 ? 'metadata' : 'no metadata',
    ...Object.entries(metadata).map(
      ([key, text]) => `  ${plain(key, NAME_COLUMNS).padEnd(keyWidth)}  ${plain(text, METADATA_COLUMNS)}`,
    ),
  ].join('\n');
}

function cells({ name, dtype, shape, values, norm, min, max, mean, nan, infinite }: TensorSummary): string[] {
  const numbers = [norm, min, max, mean].map(figures);
  return [
    plain(name, NAME_COLUMNS),
    dtype,
    plain(`[${shape.join(', ')}]`, SHAPE_COLUMNS),
    grouped(values),
    ...numbers,
    `${nan}`,
    `${infinite}`,
  ];
}

function totalCells([group, { tensors, values, norm, nan, infinite }]: [string, Total]): string[] {
  const what = `${group}: ${tensors} tensor${tensors === 1 ? '' : 's'}`;
  return [what, '', '', grouped(values), figures(norm), '', '', '', `${nan}`, `${infinite}`];
}

/** Four figures; - for none. */
function figures(value: number | null): string {
  if (value === null) return '-';
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e7) ? value.toExponential(3) : String(Number(value.toPrecision(4)));
}
const grouped = (value: number) => value.toLocaleString('en-US');

/** Text of a file in one line: what a terminal would take for a command is shown as a dot. */
function plain(text: string, columns: number): string {
  const line = text.slice(0, columns + 1).replace(/\p{Cc}/gu, '·');
  return line.length > columns ? `${line.slice(0, columns - 3)}...` : line;
}
