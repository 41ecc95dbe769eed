// What stands in a message, cut: a value or a text may be as large as the file that it is from.

const MOST_SHOWN = 80;

/** A text. */
export const cut = (text: string): string => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text);

/** A value; JSON alone would call NaN and Infinity null. */
export function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return cut(JSON.stringify(value) ?? 'undefined');
  } catch {
    return 'nested too deep to show'; // JSON.parse goes deeper
  }
}
