// A dataset from what a visitor chose: the built-in digits, IDX files (gzipped too), arrays and tables, or pictures. Runs in a worker.
import { type Dataset, decodeIdx, digits, gunzipIfNeeded, type Images, imagesFromIdx } from 'latentgpu';
import { fromArrayFiles, isArrayFile } from './array-files.js';
import { greyPicture } from './grey-picture.js';

type Idx = ReturnType<typeof decodeIdx>;
export type DataRequest = { digits: { train: number; test: number } } | { files: File[]; most: number };

const SIDE = 28;
/** Of own images without a test set, every so-manyth is one of the test images. */
const HELD_OUT = 10;

/** @throws Error saying which file is wrong and what it must be */
export async function makeDataset(request: DataRequest): Promise<Dataset> {
  if ('digits' in request) return digits(request.digits);
  const { files, most } = request;
  if (files.length === 0)
    throw new Error('no files: choose IDX files, .npz, .npy or .csv files, or PNG or JPEG pictures');
  const pictures = files.filter((file) => file.type.startsWith('image/'));
  if (pictures.length > 0 && pictures.length < files.length)
    throw new Error('pictures and other files together: choose files of one kind');
  if (pictures.length > 0) return fromPictures(pictures, most);
  const arrays = files.filter(isArrayFile);
  if (arrays.length === 0) return fromIdxFiles(files, most);
  if (arrays.length < files.length)
    throw new Error('arrays or tables and other files together: choose files of one kind');
  const { train, test } = await fromArrayFiles(files);
  const name = files.map((file) => file.name).join(', ');
  const first = (images: Images) => some(images, (i) => i < most);
  return { name, ...(test ? { train: first(train), test: first(test) } : split(train, most)) };
}

async function fromIdxFiles(files: File[], most: number): Promise<Dataset> {
  const decoded = await Promise.all(
    files.map(async (file) =>
      decodeIdx(await gunzipIfNeeded(new Uint8Array(await file.arrayBuffer()), file.name), file.name),
    ),
  );
  const isTest = ({ name }: Idx) => /t10k|test/i.test(name);
  const train = pair(decoded.filter((idx) => !isTest(idx)));
  const test = pair(decoded.filter(isTest));
  const name = 'own IDX files';
  if (train && test) return { name, train: some(train, (i) => i < most), test: some(test, (i) => i < most) };
  const only = train ?? test;
  if (!only) throw new Error('no images among the files: an IDX file of images has three sizes [count, height, width]');
  return { name, ...split(only, most) };
}

/** Images and their labels, told apart by their number of axes. */
function pair(files: Idx[]): Images | undefined {
  const images = files.filter(({ shape }) => shape.length === 3);
  const labels = files.filter(({ shape }) => shape.length === 1);
  if (images.length > 1 || labels.length > 1)
    throw new Error(
      `${files.map(({ name }) => name).join(', ')}: more than one file of one kind; choose one of images and one of labels`,
    );
  const [first] = images;
  if (!first) return undefined;
  return imagesFromIdx(first, labels[0]);
}

/** Each picture scaled into 28x28 and made grey. */
async function fromPictures(files: File[], most: number): Promise<Dataset> {
  const used = files.slice(0, most);
  const pixels = new Uint8Array(used.length * SIDE * SIDE);
  const size = { height: SIDE, width: SIDE };
  for (const [index, file] of used.entries()) pixels.set(await greyPicture(file, size), index * SIDE * SIDE);
  return { name: 'own pictures', ...split({ count: used.length, height: SIDE, width: SIDE, pixels }, most) };
}

function split(images: Images, most: number): { train: Images; test: Images } {
  if (images.count < 2) throw new Error('only one image: training and testing need at least two');
  const isTest = (i: number) => i % HELD_OUT === 1;
  return { train: some(images, (i) => i < most && !isTest(i)), test: some(images, (i) => i < most && isTest(i)) };
}

/** Copies: the files' bytes stay whole, and what goes to the GPU holds no header. */
function some({ count, height, width, pixels, labels }: Images, keep: (index: number) => boolean): Images {
  const kept = Array.from({ length: count }, (_, i) => i).filter(keep);
  const size = height * width;
  const copy = new Uint8Array(kept.length * size);
  kept.forEach((from, to) => {
    copy.set(pixels.subarray(from * size, (from + 1) * size), to * size);
  });
  const told = labels && { labels: Uint8Array.from(kept, (from) => labels[from] ?? 0) };
  return { count: kept.length, height, width, pixels: copy, ...told };
}
