// How a run begins: anew, where another one stopped (--resume), or from a checkpoint of another with other options (--fork).
// Reads checkpoints and settles the options; makes no model and opens no device.
import fs from 'node:fs';
import path from 'node:path';
import { ArgumentError, decodeSnapshot, LatentGpuError, type TrainerOptions } from 'latentgpu/node';
import { programName } from '../options/flags/command.js';
import { READING_FLAGS, type ReadingOptions } from '../options/reading-options.js';
import { RUN_DEFAULTS, type TrainOptions } from '../options/train-options.js';
import { TUNING_NAMES } from '../options/tuning-options.js';
import type { Checkpoint, RunState } from '../run-folder/checkpoints.js';
import { BEST, CHECKPOINTS, checkpointNames, requireRunFolder } from '../run-folder/run-folder.js';

/** Where a run begins. */
export interface Start {
  options: TrainOptions;
  /** What it goes on from. */
  from?: Checkpoint;
  /** Whether in the folder of the run that it goes on from. */
  resumed: boolean;
}

/** What may be another when a run is resumed: how long it goes on, and what does not change what is computed. */
const FREE: readonly (keyof TrainOptions)[] = [
  'resume',
  'epochs',
  'steps',
  'patience',
  'min-delta',
  'checkpoint-every',
  'keep',
  'on-divergence',
  'data',
  'adapter',
  'quiet',
  // Other data than the run's are told by their contents.
  ...(Object.keys(READING_FLAGS) as (keyof ReadingOptions)[]),
];
/** What a fork cannot change: the model and the images; for others there is --init. */
const FIXED_IN_FORK: readonly (keyof TrainOptions)[] = ['limit', 'validation', 'weights', 'pretrain', 'pretrain-steps'];

/**
 * @param given what stands on the command line, and nothing else
 * @param modelFlags names of the flags that make the model
 * @throws ArgumentError naming a flag that the run cannot have; FormatError if no checkpoint can be read
 */
export function chooseStart(given: Partial<TrainOptions>, modelFlags: readonly string[]): Start {
  const options = { ...RUN_DEFAULTS, ...given } as TrainOptions;
  const { resume, fork } = given;
  if (resume !== undefined) {
    const from = readCheckpoint(resume, '--resume');
    const stored = from.run.options;
    refuseOthers(given, stored, (name) => !FREE.includes(name), resume, 'use --fork for other options');
    const kept = given.data === undefined ? stored : withoutSplit(stored);
    return { options: { ...kept, ...given, data: given.data ?? from.run.data }, from, resumed: true };
  }
  if (fork !== undefined) {
    const from = readCheckpoint(fork, '--fork');
    const { out: _, resume: __, quiet: ___, ...then } = from.run.options;
    const stored = Object.fromEntries(
      Object.entries(given.data === undefined ? then : withoutSplit(then)).filter(
        ([name]) => !TUNING_NAMES.some((own) => own === name),
      ),
    );
    const fixed = (name: keyof TrainOptions) => FIXED_IN_FORK.includes(name) || modelFlags.includes(name);
    refuseOthers(given, from.run.options, fixed, fork, 'use --init for the weights alone');
    return {
      options: { ...RUN_DEFAULTS, ...stored, ...given, data: given.data ?? from.run.data },
      from,
      resumed: false,
    };
  }
  return { options, resumed: false };
}

/** The split is of the data that were named with it. */
function withoutSplit<Options extends ReadingOptions>({ split: _, ...others }: Options): Omit<Options, 'split'> {
  return others;
}

function refuseOthers(
  given: Partial<TrainOptions>,
  stored: TrainOptions,
  fixed: (name: keyof TrainOptions) => boolean,
  folder: string,
  remedy: string,
): void {
  for (const name of Object.keys(given) as (keyof TrainOptions)[]) {
    const [now, then] = [given[name], stored[name]].map((value) => JSON.stringify(value));
    if (fixed(name) && now !== then)
      throw new ArgumentError(
        `--${name} is ${now}, but the run in ${folder} has ${then ?? 'none'}; leave --${name} out, or ${remedy}`,
      );
  }
}

/** The newest checkpoint that can be read, in a folder or as a file. */
function readCheckpoint(place: string, flag: string): Checkpoint {
  if (fs.statSync(place, { throwIfNoEntry: false })?.isFile()) return readCheckpointFile(place);
  requireRunFolder(place, flag);
  const folder = path.join(place, CHECKPOINTS);
  const files = checkpointNames(folder)
    .reverse()
    .map((name) => path.join(folder, name));
  if (files.length === 0)
    throw new ArgumentError(
      `${flag} ${place} has no checkpoint in ${CHECKPOINTS}/, must be the folder of a run that wrote one` +
        `${fs.existsSync(path.join(place, BEST)) ? `; ${path.join(place, BEST)} can be forked` : '; start it anew'}`,
    );
  let first: unknown;
  for (const file of files)
    try {
      return readCheckpointFile(file);
    } catch (error) {
      if (!(error instanceof LatentGpuError)) throw error;
      first ??= error; // an older one may be whole
    }
  throw first;
}

/** @throws ArgumentError if it is no checkpoint of a run */
export function readCheckpointFile(file: string): Checkpoint {
  try {
    const { snapshot, metadata } = decodeSnapshot(fs.readFileSync(file));
    const run = metadata.run === undefined ? undefined : (JSON.parse(metadata.run) as RunState);
    if (!run?.options || !run.length)
      throw new ArgumentError(`it was not written by ${programName('train')}; use --init for its weights`);
    return { snapshot, run };
  } catch (cause) {
    throw new ArgumentError(`${file} cannot be gone on from: ${(cause as Error).message}`, { cause });
  }
}

/** The options of a trainer that are others now than in a snapshot. */
export function changedOptions(now: TrainerOptions, then: TrainerOptions): TrainerOptions {
  const changed = Object.entries(now).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(then[name as keyof TrainerOptions]),
  );
  return Object.fromEntries(changed);
}
