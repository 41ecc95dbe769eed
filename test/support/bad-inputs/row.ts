// One row of the table of bad inputs: what somebody gives, and the one line that they are told.
import type { ArgumentError, DeviceError, FormatError, TrainingError } from '../../../src/errors.js';

export type Refusal = ArgumentError | DeviceError | FormatError | TrainingError;

export interface BadInput {
  /** What is wrong, in the words of a test's name. */
  what: string;
  /** Throws, or rejects. */
  give: () => unknown;
  /** The whole message; a pattern where a part of it is the machine's. */
  told: string | RegExp;
  /** ArgumentError unless said. */
  kind?: Refusal['name'];
}

/** A row as the tables write it. */
export type Row = [what: string, give: () => unknown, told: string | RegExp, kind?: Refusal['name']];

export const rowsOf = (rows: readonly Row[]): BadInput[] =>
  rows.map(([what, give, told, kind]) => (kind ? { what, give, told, kind } : { what, give, told }));
