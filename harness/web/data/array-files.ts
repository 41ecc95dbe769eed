// Grey images from files of arrays and tables: .npz, .npy, .csv and .tsv, as the programs read them. Runs in a worker.
import { type Images, imagesFromIdx } from 'latentgpu';
import {
  CsvReader,
  decodeNpy,
  decodeNpz,
  type HostArray,
  isNamedPart,
  type NamedPart,
  namedParts,
  pixelColumns,
  TableBuilder,
} from 'latentgpu/data';

const ARRAYS = /\.(?:npz|npy|csv|tsv)$/i;

export const isArrayFile = ({ name }: File): boolean => ARRAYS.test(name);

export interface Parts {
  train: Images;
  test?: Images;
}

/**
 * @param files of which a .npz, or one for training and one for testing by its name
 * @throws Error naming the file, and what it has instead of grey images
 */
export async function fromArrayFiles(files: readonly File[]): Promise<Parts> {
  const isTest = ({ name }: File) => /test|t10k/i.test(name);
  const archive = files.find(({ name }) => /\.npz$/i.test(name));
  if (archive && files.length > 1)
    throw new Error(`${archive.name} and other files: an archive has all parts; choose it alone`);
  if (archive) {
    const bytes = new Uint8Array(await archive.arrayBuffer());
    const known = await decodeNpz(bytes, archive.name, isNamedPart);
    const { train, test } = namedParts(known.size > 0 ? known : await decodeNpz(bytes, archive.name), archive.name);
    return { train: imagesOf(train), ...(test && { test: imagesOf(test) }) };
  }
  const train = await partOf(files.filter((file) => !isTest(file)));
  const test = await partOf(files.filter(isTest));
  const only = train ?? test;
  if (!only) throw new Error('no images among the files: an array of images has two or three sizes');
  return { train: only, ...(train && test && { test }) };
}

/** A table, or arrays of images and of labels, told apart by their number of axes. */
async function partOf(files: readonly File[]): Promise<Images | undefined> {
  const arrays: HostArray[] = [];
  const parts: NamedPart[] = [];
  for (const file of files) {
    if (/\.npy$/i.test(file.name)) arrays.push(decodeNpy(new Uint8Array(await file.arrayBuffer()), file.name));
    else parts.push(await tableOf(file));
  }
  const images = arrays.filter(({ shape }) => shape.length > 1);
  const labels = arrays.filter(({ shape }) => shape.length <= 1);
  parts.push(...images.map((examples) => ({ examples, labels: labels[0] })));
  if (parts.length > 1 || labels.length > 1)
    throw new Error(
      `${files.map(({ name }) => name).join(', ')}: more than one file of one kind; choose one of images, and one of labels`,
    );
  const [part] = parts;
  return part && imagesOf(part);
}

/** Only its pixels, 0 to 255. */
async function tableOf(file: File): Promise<NamedPart> {
  let builder: TableBuilder | undefined;
  const reader = new CsvReader(file.name, {
    columns: (names, hasHeader) => {
      const { options, images } = pixelColumns(names, hasHeader);
      if (!images) throw new Error(`${file.name} has columns such as ${names.slice(0, 3).join(', ')}: ${ONLY}`);
      builder = new TableBuilder(file.name, options);
      builder.columns(names, hasHeader);
    },
    row: (numbers, texts, line) => builder?.row(numbers, texts, line),
  });
  for (const stream = file.stream().getReader(); ; ) {
    const { value, done } = await stream.read();
    if (done) break;
    reader.push(value);
  }
  reader.end();
  if (!builder) throw new Error(`${file.name} has no columns`);
  const { features, labels, classes = [] } = builder.table();
  const numbers = classes.map(Number);
  // Words are classes in their order.
  const values = numbers.some(Number.isNaN) ? labels?.values : labels?.values.map((code) => numbers[code] ?? 0);
  return { examples: features, ...(labels && values && { labels: { ...labels, values } }) };
}

const ONLY = 'this page trains on grey images of bytes; train others with the programs (harness/train.js --data FILE)';

function imagesOf({ examples, labels }: NamedPart): Images {
  try {
    return imagesFromIdx(examples, labels);
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : cause}. ${ONLY.replace('this', 'This')}`, { cause });
  }
}
