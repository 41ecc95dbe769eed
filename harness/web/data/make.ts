// A dataset from what a visitor chose: the built-in digits, or files, whose readers are loaded when there are some. Runs in a
// worker.
import { checkDataset, digits } from 'latentgpu';
import type { DataRequest, PageData } from './request.js';

/** @throws Error saying which file is wrong and what it must be */
export async function makeDataset(request: DataRequest): Promise<PageData> {
  if ('digits' in request) return { ...checkDataset(digits(request.digits)), pixels: true };
  const { fromFiles } = await import('./files.js');
  return fromFiles(request.files, request.options);
}
