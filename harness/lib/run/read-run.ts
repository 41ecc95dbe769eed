// What a run left behind, read back: the model's description and the name of its data from run.json, the weights from
// model.safetensors. Says in one line what is missing or wrong; makes no model and loads no images.
import fs from 'node:fs';
import path from 'node:path';
import {
  ArgumentError,
  decodeSafetensors,
  FormatError,
  type HostTensor,
  LatentGpuError,
  type ModelSpec,
  validateSpec,
} from 'latentgpu/node';

export interface StoredRun {
  spec: ModelSpec;
  tensors: ReadonlyMap<string, HostTensor>;
  /** What --data would name; absent if run.json does not say. */
  data?: string;
}

const RUN_FILE = 'run.json';
const MODEL_FILE = 'model.safetensors';
const REMEDY = 'name the folder of a run of harness/train.js';

/**
 * @param folder as it was given to --run
 * @throws ArgumentError if the folder is not a run's; FormatError if a file in it is not what it must be
 */
export function readRun(folder: string): StoredRun {
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new ArgumentError(
      `--run ${folder} ${fs.existsSync(folder) ? 'is a file' : 'does not exist'}, must be a run's folder; ${REMEDY}`,
    );
  const json = readJson(folder);
  const tensors = readTensors(folder);
  const data = dataOf(json);
  return { spec: specOf(json, path.join(folder, RUN_FILE)), tensors, ...(data !== undefined && { data }) };
}

function readJson(folder: string): Record<string, unknown> {
  const file = path.join(folder, RUN_FILE);
  const text = read(folder, RUN_FILE).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(
      `${file} is not JSON (${(cause as Error).message}), must be as train.js wrote it; ${REMEDY}`,
      {
        cause,
      },
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FormatError(`${file} is not an object, must be as train.js wrote it; ${REMEDY}`);
  return value as Record<string, unknown>;
}

function specOf({ spec }: Record<string, unknown>, file: string): ModelSpec {
  if (spec === undefined)
    throw new FormatError(
      `${file} has no "spec": the run is of an older version, which did not write its model down; train again`,
    );
  if (typeof spec !== 'object' || spec === null)
    throw new FormatError(
      `${file}: "spec" is ${JSON.stringify(spec)}, must be an object as train.js wrote it; ${REMEDY}`,
    );
  try {
    validateSpec(spec);
  } catch (cause) {
    if (!(cause instanceof LatentGpuError)) throw cause;
    throw new FormatError(`${file}: spec.${cause.message}`, { cause });
  }
  return spec;
}

function readTensors(folder: string): ReadonlyMap<string, HostTensor> {
  const file = path.join(folder, MODEL_FILE);
  const bytes = read(folder, MODEL_FILE);
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError(`${file}: ${cause.message}`, { cause });
  }
}

function read(folder: string, name: string): Buffer {
  try {
    return fs.readFileSync(path.join(folder, name));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? `has no ${name}` : `has a ${name} that cannot be read (${message})`;
    const unfinished = name === MODEL_FILE && code === 'ENOENT' ? ' that came to its end' : '';
    throw new ArgumentError(`--run ${folder} ${why}, must be a run's folder; ${REMEDY}${unfinished}`, { cause });
  }
}

function dataOf({ config }: Record<string, unknown>): string | undefined {
  const { dataChoice } = (config ?? {}) as Record<string, unknown>;
  return typeof dataChoice === 'string' ? dataChoice : undefined;
}
