// What export.js does for --html: finds test images, those of the run's data or of the data that --data names, and makes the
// page. It can do without images.
import {
  ArgumentError,
  type CheckedExamples,
  countOf,
  LatentGpuError,
  type ModelSpec,
  type NamedTensors,
  shapeOfOne,
  someExamples,
} from 'latentgpu/node';
import { type DataListener, loadData } from '../data/data.js';
import { describeExamples, imageSizeOf } from '../data/examples.js';
import { checkImagesFit } from '../generate/generate.js';
import type { ExportOptions } from '../options/export-options.js';
import { versions } from '../report/describe.js';
import { DownloadError } from '../run/fail.js';
import { readAsRun } from '../run-folder/read-as-run.js';
import type { StoredRun } from '../run-folder/read-run.js';
import { encodePage, pageContents, readPageParts } from './html-page.js';

interface FoundExamples {
  images: CheckedExamples | undefined;
  /** Name of the data. */
  data?: string;
}

/**
 * @param weights of the run's model
 * @returns the page, and a line about it
 * @throws ArgumentError if the size of the images is not known, or no page was built; as `loadExamples`
 */
export async function makePage(
  options: ExportOptions,
  run: StoredRun,
  weights: NamedTensors,
  listener: DataListener,
): Promise<{ text: string; shows: string }> {
  const { spec } = run;
  const parts = readPageParts();
  const { images, data } = await loadExamples(options, run, listener);
  const shape = images ? shapeOfOne(images) : run.shape;
  if (!shape)
    throw new ArgumentError(
      `--html: ${run.source.model} does not say how high and wide its images of ${spec.inputs} pixels are; name its data with --data`,
    );
  const size = imageSizeOf({ shape: [1, ...shape] });
  const ofNumbers = spec.scaling !== undefined || images?.values instanceof Float32Array;
  if (!size || ofNumbers)
    throw new ArgumentError(
      `--html: the model is of ${ofNumbers ? 'numbers' : describeExamples({ shape: [1, ...shape] })}, must be of images of bytes: the page draws and reads these; use --onnx`,
    );
  const contents = pageContents({ spec, size, examples: images, data, version: versions().latentgpu });
  const text = encodePage(parts, contents, weights);
  const megabytes = (Buffer.byteLength(text) / 1e6).toFixed(1);
  const inside = images ? `${countOf(images)} test images of ${data}` : 'no test images';
  return {
    text,
    shows: `${contents.title}: ${canDo(spec, images !== undefined)} in a browser; ${megabytes} MB, ${inside} inside`,
  };
}

/** What a visitor of the page can do. Of a code without a prior, samples come from what fits the test images' codes. */
function canDo({ code }: ModelSpec, examples: boolean): string {
  if (code.kind === 'quantized') return 'walks in its codebook and encodes';
  return code.kind === 'gaussian' || examples ? 'samples, walks and encodes' : 'walks and encodes';
}

/**
 * The first test images. A line says why there are none.
 * @throws ArgumentError, FormatError, DownloadError if they were asked for by --data and cannot be had
 */
async function loadExamples(
  options: Omit<ExportOptions, 'run' | 'onnx' | 'html'>,
  run: StoredRun,
  listener: DataListener,
): Promise<FoundExamples> {
  const { data, examples: most } = options;
  if (most === 0) return { images: undefined };
  const choice = data ?? run.data;
  try {
    if (choice === undefined) throw new ArgumentError('run.json does not name its data; --data does');
    const { dataset } = await loadData(choice, listener, { limit: 1, ...readAsRun(options, run) });
    checkImagesFit({ run: run.folder, seed: 0, adapter: 'auto' }, run.spec, dataset);
    const { name, test } = dataset;
    return { images: someExamples(test, 0, most), data: name };
  } catch (error) {
    if (data !== undefined || !(error instanceof LatentGpuError || error instanceof DownloadError)) throw error;
    listener.say(`no test images in the page: ${error.message}`);
    return { images: undefined };
  }
}
