// Which model a run has: what its flags describe for the data that were loaded, or a spec from a file.
import fs from 'node:fs';
import { ArgumentError, checkMirrored, LatentGpuError, type ModelSpec, sizeOf, validateSpec } from 'latentgpu/node';
import type { ExampleSet } from '../../data/arrays.js';
import { describeExamples } from '../../data/examples.js';
import { suitedTo } from '../flags/suited.js';
import type { CourseOptions } from '../training-options.js';
import type { ModelOptions } from './model-flags.js';
import { checkCombinations } from './model-options.js';
import { classesOf, presetSpec, sizesOf } from './model-preset.js';

/**
 * The model that the flags describe, for images that are not loaded yet; a spec's file is read now.
 * @param training flags of training, which may not fit the file's model
 * @returns makes the spec for the images
 * @throws ArgumentError; what is wrong in a file is told with the file's name and the path within it
 */
export function chosenModel(
  options: ModelOptions,
  training: Pick<CourseOptions, 'warmup' | 'pretrain' | 'pretrain-steps'> = {},
): (dataset: ExampleSet) => ModelSpec {
  const { spec: file } = options;
  if (file === undefined)
    return (dataset) => {
      const suited = suitedTo(options, dataset);
      checkCombinations(suited);
      return presetSpec(suited, { ...sizesOf(options, dataset), ...classesOf(options, dataset) });
    };
  return fixedModel(readSpec(file), { flag: '--spec', file }, training);
}

interface Source {
  flag: '--spec' | '--init';
  file: string;
}

/**
 * A model that does not depend on the data, which must fit it.
 * @param source the flag and the file that it is from, for messages
 */
export function fixedModel(
  spec: ModelSpec,
  source: Source,
  training: Pick<CourseOptions, 'warmup' | 'pretrain' | 'pretrain-steps'> = {},
): (dataset: ExampleSet) => ModelSpec {
  checkTrainingOf(spec, source, training);
  const { file } = source;
  return ({ name, test }) => {
    if (spec.inputs !== sizeOf(test))
      throw new ArgumentError(
        `${file}: inputs: ${spec.inputs}, must be ${sizeOf(test)}: ${name} has ${describeExamples(test)}`,
      );
    return spec;
  };
}

function checkTrainingOf(
  spec: ModelSpec,
  { flag, file }: Source,
  training: Pick<CourseOptions, 'warmup' | 'pretrain' | 'pretrain-steps'>,
): void {
  if (training.warmup !== undefined && spec.code.kind !== 'gaussian')
    throw new ArgumentError(
      `--warmup with ${flag} ${file}: it raises the weight of the KL term, which only a gaussian code has; leave --warmup out`,
    );
  if (!training.pretrain && training['pretrain-steps'] === undefined) return;
  try {
    checkMirrored(spec);
  } catch (cause) {
    throw new ArgumentError(`${file}: ${(cause as Error).message}; or leave --pretrain out`, { cause });
  }
}

/**
 * A file's spec, validated.
 * @throws ArgumentError naming the file and the path of what is wrong
 */
export function readSpec(file: string): ModelSpec {
  let text: string;
  try {
    text = textOf(fs.readFileSync(file), file);
  } catch (cause) {
    if (cause instanceof ArgumentError) throw cause;
    throw new ArgumentError(
      `--spec ${file} cannot be read (${(cause as Error).message}), must be a JSON file with a ModelSpec; name another`,
      { cause },
    );
  }
  try {
    const value: unknown = JSON.parse(text);
    validateSpec(value);
    return value;
  } catch (cause) {
    if (cause instanceof LatentGpuError) throw new ArgumentError(`${file}: ${cause.message}`, { cause });
    throw new ArgumentError(
      `${file} is not JSON (${(cause as Error).message}), must hold a ModelSpec as JSON; correct it`,
      {
        cause,
      },
    );
  }
}

/** UTF-8, with or without the byte order mark that some editors write first. */
function textOf(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new ArgumentError(`${file} is text in UTF-16, must be in UTF-8; save it again as UTF-8`);
  return new TextDecoder().decode(bytes); // without the mark
}
