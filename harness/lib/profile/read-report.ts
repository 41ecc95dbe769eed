// A profile's JSON file back to a report, checked: what `profile.js --json` writes and `--compare` takes. What is wrong with
// a file is said here, so that whoever gets a report need not look again.
import fs from 'node:fs';
import { ArgumentError, FormatError, type ProfileReport } from 'latentgpu/node';
import { commandOf } from '../options/flags/command.js';

const REMEDY = `write it with \`${commandOf('profile')} --json FILE\``;

/**
 * Reads what `--json` wrote.
 * @throws ArgumentError if there is no such file or it cannot be read
 * @throws FormatError   if it is not a report: the path, what is there, what must be
 */
export function readReport(file: string): ProfileReport {
  const text = readText(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(`${file} is not JSON (${why}), must be the report of a profile; ${REMEDY}`, { cause });
  }
  checkReport(value, file);
  return value;
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ArgumentError(`${file} cannot be read (${why}), must be the report of a profile; ${REMEDY}`, { cause });
  }
}

type Check = [what: string, accepts: (value: unknown) => boolean];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTime = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value >= 0;

const TEXT: Check = ['text', (value) => typeof value === 'string'];
const TIME: Check = ['a number >= 0', isTime];
const OBJECT: Check = ['an object', isObject];
const LIST: Check = ['a list', Array.isArray];

/** What a comparison reads; what it does not read may be missing. */
const REPORT: Record<string, Check> = {
  adapter: OBJECT,
  plan: TEXT,
  steps: TIME,
  method: ['"timestamps" or "repetition"', (value) => value === 'timestamps' || value === 'repetition'],
  quantized: ['true or false', (value) => typeof value === 'boolean'],
  rows: LIST,
  step: OBJECT,
};
const ADAPTER: Record<string, Check> = { name: TEXT, backend: TEXT };
const STEP: Record<string, Check> = { wallUntimed: TIME };
const ROW: Record<string, Check> = {
  label: TEXT,
  kernel: TEXT,
  shapes: TEXT,
  median: TIME,
  samples: [
    'a list of at least one number >= 0',
    (value) => Array.isArray(value) && value.length > 0 && value.every(isTime),
  ],
};

function checkReport(value: unknown, file: string): asserts value is ProfileReport {
  if (isObject(value) && 'traceEvents' in value)
    throw new FormatError(`${file} is a trace for viewers (--trace), must be the report of a profile; ${REMEDY}`);
  const report = checkFields(value, REPORT, 'the file', file);
  checkFields(report.adapter, ADAPTER, 'adapter', file);
  checkFields(report.step, STEP, 'step', file);
  for (const [index, row] of (report.rows as unknown[]).entries()) checkFields(row, ROW, `rows[${index}]`, file);
}

function checkFields(
  value: unknown,
  fields: Record<string, Check>,
  where: string,
  file: string,
): Record<string, unknown> {
  const wrong = (what: string, found: unknown, wanted: string) =>
    new FormatError(`${file} is not the report of a profile: ${what} is ${show(found)}, must be ${wanted}; ${REMEDY}`);
  if (!isObject(value)) throw wrong(where, value, 'an object');
  for (const [name, [wanted, accepts]] of Object.entries(fields))
    if (!accepts(value[name])) throw wrong(where === 'the file' ? name : `${where}.${name}`, value[name], wanted);
  return value;
}

/** A value in a message, cut short; of a long list its first entry that is not a time, if there is one. */
function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const bad = Array.isArray(value) ? value.findIndex((entry) => !isTime(entry)) : -1;
  if (Array.isArray(value) && bad >= 0) return `a list with ${show(value[bad])} at ${bad}`;
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
