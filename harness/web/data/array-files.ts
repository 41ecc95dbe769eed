// Examples from files of arrays: .npz, .safetensors, .npy and IDX (gzipped too), as the programs read them. Runs in a worker.
import { decodeIdx, decodeSafetensors, gunzipIfNeeded } from 'latentgpu';
import { decodeNpy, decodeNpz, type HostArray, isNamedPart, namedParts, tensorArrays } from 'latentgpu/data';
import type { Part, Parts } from './parts.js';

const NAMED = /\.(?:npz|safetensors)$/i;
const isTest = ({ name }: { name: string }): boolean => /t10k|test/i.test(name);

/**
 * @param files one of arrays by name, or arrays of one kind, of which those for testing have "test" or "t10k" in their names
 * @throws Error naming the file, and what it has instead of examples
 */
export async function fromArrayFiles(files: readonly File[]): Promise<Parts> {
  const named = files.find(({ name }) => NAMED.test(name));
  if (named && files.length > 1)
    throw new Error(`${named.name} and other files: it has all parts by itself; choose it alone`);
  if (named) return fromNamed(named);
  const arrays = await Promise.all(files.map(arrayOf));
  const train = pair(arrays.filter((array) => !isTest(array)));
  const test = pair(arrays.filter(isTest));
  const only = train ?? test;
  if (!only)
    throw new Error(
      `no examples among the files (${arrays.map(({ name, shape }) => `${name} has shape [${shape.join(', ')}]`).join('; ')}): must have [count, height, width], [count, height, width, 3] or [count, features]`,
    );
  return { train: only, ...(train && test && { test }) };
}

async function fromNamed(file: File): Promise<Parts> {
  const { name } = file;
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (/\.npz$/i.test(name)) {
    // Archives have other things beside the examples: descriptions as Python objects, say.
    const known = await decodeNpz(bytes, name, isNamedPart);
    return namedParts(known.size > 0 ? known : await decodeNpz(bytes, name), name);
  }
  try {
    return namedParts(tensorArrays(decodeSafetensors(bytes), name), name);
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(message.startsWith(name) ? message : `${name}: ${message}`, { cause });
  }
}

async function arrayOf(file: File): Promise<HostArray> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return /\.npy$/i.test(file.name)
    ? decodeNpy(bytes, file.name)
    : decodeIdx(await gunzipIfNeeded(bytes, file.name), file.name);
}

/** Examples and their labels, told apart by their number of axes: labels have one; or two (QMNIST) beside images. */
function pair(arrays: readonly HostArray[]): Part | undefined {
  const hasImages = arrays.some(({ shape }) => shape.length > 2);
  const areLabels = ({ shape }: HostArray) => shape.length < 2 || (shape.length === 2 && hasImages);
  const examples = arrays.filter((array) => !areLabels(array));
  const labels = arrays.filter(areLabels);
  if (examples.length > 1 || labels.length > 1)
    throw new Error(
      `${arrays.map(({ name }) => name).join(', ')}: more than one file of one kind; choose one of examples, and one of labels`,
    );
  const [first] = examples;
  return first && { examples: first, ...(labels[0] && { labels: labels[0] }) };
}
