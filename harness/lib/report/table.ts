// Tables as text: with columns for a terminal, or as Markdown.

/** A header and rows of as many cells. */
export interface Table {
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** Columns with words, from 0; the others are numbers and stand to the right. */
  words: readonly number[];
}

export function plainTable({ head, rows, words }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number) =>
    words.includes(column) ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return all.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

export function markdownTable({ head, rows, words }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = `|${head.map((_, column) => (words.includes(column) ? '---' : '---:')).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Three figures, without an exponent; thousands with commas. */
export function figures(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 999.5) return Math.round(value).toLocaleString('en-US');
  return value === 0 ? '0' : value.toFixed(Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))));
}

export const percent = (share: number): string => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}%`;
