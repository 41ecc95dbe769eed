// Numbers as the text of a CSV file, with a line of names: what spreadsheets and pandas read. The reverse of csv-file.ts.

const DIGITS = [6, 7, 8, 9];

/** With no more digits than f32 needs to be told apart; 9 always do. */
export function f32Text(value: number): string {
  const rounded = Math.fround(value);
  const digits = DIGITS.find((each) => Math.fround(Number(rounded.toPrecision(each))) === rounded) ?? 9;
  return String(Number(rounded.toPrecision(digits)));
}

/** In quotes where it has a comma, a quote or a line end (RFC 4180). */
const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Rows of texts under their names. */
export const csvText = (names: readonly string[], rows: Iterable<readonly string[]>): string =>
  [names, ...rows].map((row) => `${row.map(field).join(',')}\n`).join('');

/** @param values [n, names.length] */
export function numbersCsv(names: readonly string[], values: Float32Array): string {
  const columns = names.length;
  const rows = Array.from({ length: values.length / columns }, (_, row) =>
    Array.from(values.subarray(row * columns, (row + 1) * columns), f32Text),
  );
  return csvText(names, rows);
}
