// Tables of text: fields between commas, tabs or semicolons, quoted or not (RFC 4180), with or without a line of names. Fed piece
// by piece, so that a file need not be in memory; numbers are read from the bytes, without a string for each.
import { FormatError } from '../../errors.js';

/** Rows of a table as they come. */
export interface RowListener {
  /** The names of the columns; once, before all rows: those of the first line, or column 1, column 2, ... The reader tells them
   * when it has seen two lines, or the only one. */
  columns(names: string[], hasHeader: boolean): void;
  /**
   * A row, of as many fields as there are columns. Both arrays are used again for the next.
   * @param numbers NaN for a field that is no number
   * @param texts   of these the text, without quotes; undefined for numbers
   * @param line    of the file, from 1
   */
  row(numbers: Float64Array, texts: (string | undefined)[], line: number): void;
}

const COMMA = 0x2c;
const TAB = 0x09;
const SEMICOLON = 0x3b;
const QUOTE = 0x22;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const MARK = [0xef, 0xbb, 0xbf]; // UTF-8's byte order mark
/** So many digits are exact in f64. */
const EXACT_DIGITS = 15;
/** What stands where a value is missing, in small letters. */
export const MISSING: ReadonlySet<string> = new Set(['', 'na', 'nan', 'null', 'none', '?']);
/** A line without an end, or a quote that nobody closes, is not to fill the memory. */
const LONGEST_LINE = 2 ** 26;

/** Reads a table in pieces, as they come: fields between commas, tabs or semicolons, quoted or not (RFC 4180), in UTF-8. */
export class CsvReader {
  private rest = new Uint8Array(0);
  private separator = 0;
  private columnCount = 0;
  private line = 0;
  private begun = false;
  /** The first line, until the second one says whether it is of names. */
  private first: { bytes: Uint8Array; fields: string[]; line: number } | undefined;
  private numbers = new Float64Array(0);
  private texts: (string | undefined)[] = [];
  private readonly decoder = new TextDecoder();

  /** @param name what to call the file in an error */
  constructor(
    private readonly name: string,
    private readonly listener: RowListener,
  ) {}

  /** The next bytes of the file. @throws FormatError for a row that is not like the first */
  push(bytes: Uint8Array): void {
    this.consume(bytes, false);
  }

  /** The file has ended. @throws FormatError if it was empty, or ends inside quotes */
  end(): void {
    this.consume(new Uint8Array(0), true);
    if (!this.begun) throw new FormatError(`${this.name} has no line, must be a table; is it the right file?`);
    this.settle([]);
  }

  private consume(bytes: Uint8Array, last: boolean): void {
    let all = bytes;
    if (this.rest.length > 0) {
      all = new Uint8Array(this.rest.length + bytes.length);
      all.set(this.rest);
      all.set(bytes, this.rest.length);
    }
    let at = this.begun || !MARK.every((byte, i) => all[i] === byte) ? 0 : MARK.length;
    for (;;) {
      const end = endOfLine(all, at);
      if (end < 0) break;
      this.takeLine(all, at, end);
      at = end + 1;
    }
    if (last && at < all.length) {
      const quotes = all.subarray(at).reduce((count, byte) => count + Number(byte === QUOTE), 0);
      if (quotes % 2 === 1)
        throw new FormatError(`${this.name}: a quote (") that begins in or after line ${this.line + 1} is not closed`);
      this.takeLine(all, at, all.length);
      at = all.length;
    }
    this.rest = all.slice(at);
    if (this.rest.length > LONGEST_LINE)
      throw new FormatError(
        `${this.name}: line ${this.line + 1} has more than ${LONGEST_LINE} bytes; is a quote (") not closed?`,
      );
  }

  private takeLine(bytes: Uint8Array, from: number, end: number): void {
    this.line++;
    const to = end > from && bytes[end - 1] === RETURN ? end - 1 : end;
    if (to === from) return; // an empty line, as many files end with
    if (!this.begun) this.begin(bytes, from, to);
    else {
      if (this.first) this.settle(this.fieldsOf(bytes, from, to));
      this.takeRow(bytes, from, to, this.line);
    }
    // Line breaks within quotes count, too.
    for (let at = from; at < end; at++) if (bytes[at] === NEWLINE) this.line++;
  }

  private begin(bytes: Uint8Array, from: number, to: number): void {
    this.begun = true;
    this.separator = separatorOf(bytes, from, to);
    const fields = this.fieldsOf(bytes, from, to);
    this.columnCount = fields.length;
    this.numbers = new Float64Array(fields.length);
    this.texts = new Array(fields.length).fill(undefined);
    this.first = { bytes: bytes.slice(from, to), fields, line: this.line };
  }

  /** Tells the columns, and the first line if it is a row. @param second the fields of the next line; none if there is no more */
  private settle(second: readonly string[]): void {
    if (!this.first) return;
    const { bytes, fields, line } = this.first;
    this.first = undefined;
    const hasHeader = areNames(fields, second);
    const plain = fields.map((_, index) => `column ${index + 1}`);
    this.listener.columns(hasHeader ? fields.map((field, i) => field.trim() || (plain[i] ?? '')) : plain, hasHeader);
    if (!hasHeader) this.takeRow(bytes, 0, bytes.length, line);
  }

  private fieldsOf(bytes: Uint8Array, from: number, to: number): string[] {
    const fields: string[] = [];
    for (let at = from; at <= to; ) {
      const end = endOfField(bytes, at, to, this.separator);
      fields.push(this.textOf(bytes, at, end));
      at = end + 1;
    }
    return fields;
  }

  private takeRow(bytes: Uint8Array, from: number, to: number, line: number): void {
    let column = 0;
    for (let at = from; at <= to; column++) {
      let end = endOfDigits(bytes, at, to);
      const isWhole = end > at && end - at <= EXACT_DIGITS && (end === to || bytes[end] === this.separator);
      if (!isWhole) end = endOfField(bytes, at, to, this.separator);
      if (column < this.columnCount) {
        if (isWhole) {
          this.numbers[column] = wholeNumber(bytes, at, end);
          this.texts[column] = undefined;
        } else this.takeText(column, this.textOf(bytes, at, end));
      }
      at = end + 1;
    }
    if (column !== this.columnCount)
      throw new FormatError(
        `${this.name}: line ${line} has ${column} fields, must have ${this.columnCount} as the first line has`,
      );
    this.listener.row(this.numbers, this.texts, line);
  }

  private takeText(column: number, text: string): void {
    const trimmed = text.trim();
    const number = trimmed === '' ? Number.NaN : Number(trimmed);
    this.numbers[column] = number;
    this.texts[column] = Number.isNaN(number) ? trimmed : undefined;
  }

  private textOf(bytes: Uint8Array, from: number, to: number): string {
    const quoted = bytes[from] === QUOTE;
    const text = this.decoder.decode(quoted ? bytes.subarray(from + 1, to - 1) : bytes.subarray(from, to));
    return quoted ? text.replaceAll('""', '"') : text;
  }
}

/**
 * Whether the first line has names. It has if the second one has a number below a text: a column of numbers, named; other names
 * may be numbers then (label,0,1,2). Else a number in it makes it a row, whatever texts stand beside (5.1,3.5,setosa), and so it
 * does in a line that is alone. Of texts without a number it has names. Missing values say nothing.
 */
function areNames(first: readonly string[], second: readonly string[]): boolean {
  const kinds = first.map(kindOf);
  const below = second.map(kindOf);
  if (kinds.some((kind, i) => kind === 'text' && below[i] === 'number')) return true;
  // "Country,2019" above texts: a year that is a name.
  const overText = kinds.some((kind, i) => kind === 'number' && below[i] === 'text');
  const overNumber = kinds.some((kind, i) => kind === 'number' && below[i] === 'number');
  if (overText && !overNumber && kinds.includes('text')) return true;
  return kinds.includes('text') && !kinds.includes('number');
}

type Kind = 'number' | 'text' | 'missing';

function kindOf(field: string): Kind {
  const text = field.trim();
  if (MISSING.has(text.toLowerCase())) return 'missing';
  return Number.isNaN(Number(text)) ? 'text' : 'number';
}

/** The next line break that stands in no quotes; -1 if there is none. */
function endOfLine(bytes: Uint8Array, from: number): number {
  let newline = bytes.indexOf(NEWLINE, from);
  for (let at = from; newline >= 0; ) {
    // Not further than the line: most files have no quotes at all.
    const open = bytes.subarray(at, newline).indexOf(QUOTE);
    if (open < 0) return newline;
    const close = bytes.indexOf(QUOTE, at + open + 1);
    if (close < 0) return -1;
    at = close + 1;
    if (close > newline) newline = bytes.indexOf(NEWLINE, at);
  }
  return -1;
}

/** The separator after the field, or the line's end. */
function endOfField(bytes: Uint8Array, from: number, to: number, separator: number): number {
  let at = from;
  if (bytes[from] === QUOTE) {
    at = from + 1;
    while (at < to && (bytes[at] !== QUOTE || bytes[at + 1] === QUOTE)) at += bytes[at] === QUOTE ? 2 : 1;
  }
  while (at < to && bytes[at] !== separator) at++;
  return at;
}

function endOfDigits(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  for (; at < to; at++) {
    const digit = bytes[at] ?? 0;
    if (digit < DIGIT_0 || digit > DIGIT_9) break;
  }
  return at;
}

/** Of digits alone. */
function wholeNumber(bytes: Uint8Array, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) number = 10 * number + (bytes[at] ?? 0) - DIGIT_0;
  return number;
}

/** The one that is most often in the first line, outside quotes; a comma if there is none. */
function separatorOf(bytes: Uint8Array, from: number, to: number): number {
  const counts = new Map([COMMA, TAB, SEMICOLON].map((separator) => [separator, 0]));
  let quoted = false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) quoted = !quoted;
    else if (!quoted && counts.has(byte)) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  }
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}
