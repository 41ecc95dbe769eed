// Whether a snapshot fits the model, the data and the options that it is to be restored to, and what differs if not.
import { kindOf } from '../../data/files/bytes.js';
import { ArgumentError } from '../../errors.js';
import type { ModelSpec } from '../../model/spec.js';
import type { TrainerOptions } from '../options.js';
import { type DataIdentity, dataDifference } from './identity.js';
import type { Snapshot } from './snapshot.js';

/** What a snapshot is to be restored to. */
export interface Target {
  spec: ModelSpec;
  data: DataIdentity;
  training: TrainerOptions;
}

/**
 * @param meant options in which the trainer is meant to differ
 * @throws ArgumentError naming the first thing that differs; learning rates may
 */
export function checkSnapshot(snapshot: Snapshot, { spec, data, training }: Target, meant: TrainerOptions): void {
  if (typeof snapshot?.spec !== 'object' || !snapshot.training || !snapshot.data)
    throw new ArgumentError(
      `snapshot: ${kindOf(snapshot)}, must be a snapshot: await trainer.snapshot(), or decodeSnapshot(bytes)`,
    );
  const refuse = (what: string) => {
    throw new ArgumentError(`the snapshot of step ${snapshot.step} does not fit: ${what}`);
  };
  const key = firstDifference(spec, snapshot.spec);
  if (key !== undefined) refuse(`the model's ${key} is ${show(spec, key)}, was ${show(snapshot.spec, key)}`);
  const other = dataDifference(data, snapshot.data);
  if (other !== undefined) refuse(other);
  const free = new Set(['lr', ...Object.keys(meant)]);
  const fixed = (options: TrainerOptions) =>
    Object.fromEntries(Object.entries(options).filter(([name]) => !free.has(name)));
  const [options, then] = [fixed(training), fixed(snapshot.training)];
  const option = firstDifference(options, then);
  if (option !== undefined) refuse(`${option} is ${show(options, option)}, was ${show(then, option)}`);
}

/** The first key, in the order of the alphabet, whose values differ. */
export function firstDifference(now: object, then: object): string | undefined {
  const keys = [...new Set([...Object.keys(now), ...Object.keys(then)])].sort();
  return keys.find((key) => show(now, key) !== show(then, key));
}

const show = (of: object, key: string): string =>
  JSON.stringify(sorted((of as Record<string, unknown>)[key])) ?? 'absent';

/** Plain data with its keys in order: two descriptions of one thing become the same text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}
