// The flags that say how the variants of the matmuls are chosen, which train.js and profile.js share.
import { ArgumentError } from 'latentgpu/node';
import { asIs } from './flags/flag-values.js';
import type { Flag, Switch } from './flags/flags.js';

export interface TuningOptions {
  /** Time what is not remembered. */
  tune?: boolean;
  /** Neither time nor look at what is remembered. */
  'no-tune'?: boolean;
  /** Time everything anew. */
  retune?: boolean;
  /** A run.json, or a JSON file with its `variants`. */
  variants?: string;
}

const group = 'Tuning';

export const TUNING_FLAGS: Record<string, Flag> = {
  variants: {
    group,
    value: 'FILE',
    example: 'runs/first/run.json',
    read: asIs,
    help: [
      'take the variants of a run.json (or of the "variants" in one): the same',
      'variants on the same adapter give the same bits',
    ],
  },
};

export const TUNING_SWITCHES: Record<string, Switch> = {
  tune: { group, help: 'time the variants of each matmul first, keep the fastest and remember them' },
  'no-tune': { group, help: 'take the default variants, not those remembered from --tune' },
  retune: { group, help: 'as --tune, and time again what is remembered' },
};

export const TUNING_NAMES = [...Object.keys(TUNING_FLAGS), ...Object.keys(TUNING_SWITCHES)] as (keyof TuningOptions)[];

/** @throws ArgumentError for two flags that choose in two ways */
export function checkTuning(given: TuningOptions): void {
  const [first, second] = TUNING_NAMES.filter((name) => given[name] !== undefined);
  if (first !== undefined && second !== undefined)
    throw new ArgumentError(`--${first} with --${second}: variants are chosen in one way; leave one of them out`);
}
