// What a file of tensors holds, in numbers: sizes, norms, extremes, and values that are not finite. Reads files and computes;
// inspect-table.ts shows it.
import fs from 'node:fs';
import path from 'node:path';
import { ArgumentError, type Dtype, type StoredTensor } from 'latentgpu/node';
import { CHECKPOINTS } from '../run-folder/run-folder.js';
import { readTensorFile } from '../run-folder/tensor-file.js';

/** A tensor. Norm, extremes and mean are over its finite values, the latter null where there are none. */
export interface TensorSummary {
  name: string;
  /** As the file says it. */
  dtype: Dtype;
  shape: number[];
  /** How many values. */
  values: number;
  /** L2 norm. */
  norm: number;
  min: number | null;
  max: number | null;
  mean: number | null;
  /** How many are NaN. */
  nan: number;
  /** How many are infinite. */
  infinite: number;
}

/** Several tensors together. */
export interface Total extends Pick<TensorSummary, 'values' | 'norm' | 'nan' | 'infinite'> {
  tensors: number;
}

export interface FileSummary {
  file: string;
  bytes: number;
  metadata: Record<string, string>;
  tensors: TensorSummary[];
  /** Of `weights` (floats), of `optimizer` (what a checkpoint keeps for it) and of `integers`, as far as there are any. */
  totals: Record<string, Total>;
}

/**
 * The safetensors files that a person means.
 * @param given a file, or a folder: all in it, and in its `checkpoints` as a run has them, by name
 * @throws ArgumentError if there is nothing of that name, or no such file in the folder
 */
export function tensorFiles(given: string): string[] {
  const stat = fs.statSync(given, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new ArgumentError(`${given} does not exist, must be a safetensors file or a folder with some`);
  if (!stat.isDirectory()) return [given];
  const files = [given, path.join(given, CHECKPOINTS)].flatMap(filesIn);
  if (files.length === 0)
    throw new ArgumentError(
      `${given} has no file *.safetensors, must be a safetensors file or a folder with some, such as that of a run that came to its end`,
    );
  return files;
}

function filesIn(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  return names.sort().map((name) => path.join(folder, name));
}

/** @throws ArgumentError, FormatError naming the file */
export function summariseFile(file: string): FileSummary {
  const { bytes, tensors: read, metadata } = readTensorFile(file);
  const tensors = [...read].map(([name, tensor]) => summariseTensor(name, tensor));
  const groups = [...new Set(tensors.map(groupOf))];
  const totals = groups.map((group) => [group, totalOf(tensors.filter((tensor) => groupOf(tensor) === group))]);
  return { file, bytes, metadata, tensors, totals: Object.fromEntries(totals) };
}

/** Counters that stand beside weights have no part in their norm. */
const groupOf = ({ name, dtype }: TensorSummary) =>
  name.startsWith('optimizer.') ? 'optimizer' : /F\d/.test(dtype) ? 'weights' : 'integers';

export function summariseTensor(name: string, { dtype, shape, values }: StoredTensor): TensorSummary {
  let [nan, infinite, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const each of values) {
    const value = Number(each);
    if (Number.isNaN(value)) nan++;
    else if (!Number.isFinite(value)) infinite++;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  const finite = values.length - nan - infinite;
  // Over the largest: squares of large f64 would be infinite.
  const largest = Math.max(-min, max) || 1;
  let [sum, squares] = [0, 0];
  for (const each of values) {
    const share = Number(each) / largest;
    if (!Number.isFinite(share)) continue;
    sum += share;
    squares += share * share;
  }
  const some = (value: number) => (finite > 0 ? value : null);
  return {
    name,
    dtype,
    shape,
    values: values.length,
    norm: finite > 0 ? largest * Math.sqrt(squares) : 0,
    min: some(min),
    max: some(max),
    mean: some(largest * (sum / finite)),
    nan,
    infinite,
  };
}

function totalOf(tensors: readonly TensorSummary[]): Total {
  const sum = (key: 'values' | 'nan' | 'infinite') => tensors.reduce((all, tensor) => all + tensor[key], 0);
  return {
    tensors: tensors.length,
    values: sum('values'),
    norm: tensors.reduce((all, { norm }) => Math.hypot(all, norm), 0),
    nan: sum('nan'),
    infinite: sum('infinite'),
  };
}
