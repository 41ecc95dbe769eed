// Where the images of --data come from: a name (mnist, fashion-mnist, digits), a folder of IDX files, or a file. Named data are
// looked for in the cache folder, then where Debian's package puts them, then downloaded; whatever the cache holds or a
// download brings is checked by its MD5. Says in one line each what it had to do; decides nothing about training.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ArgumentError, checkDataset, countOf, decodeIdx, digits, gunzipIfNeeded } from 'latentgpu/node';
import { checkReading, type ReadingOptions, readingOf } from '../options/reading-options.js';
import { DownloadError } from '../run/fail.js';
import { datasetOf, type ExampleSet, withFirst } from './arrays.js';
import { download, md5Of } from './download.js';
import { isWholeIdxFolder, readFile } from './idx-folder.js';
import { type Known, loadPlace, type PlaceOptions } from './own-data.js';

/** Who hears what happens on the way. */
export interface DataListener {
  /** One line for a person. */
  say(line: string): void;
  /** Bytes of `file` that have arrived, of `total` if the server says; `received === total` at the end. */
  download(file: string, received: number, total: number | undefined): void;
}

export interface LoadedData {
  dataset: ExampleSet;
  /** Where the examples came from: a folder, an address. */
  from: string;
  /** What --data takes to load the same again, from any folder. */
  choice: string;
}

const DIGITS_TRAIN = 60_000;
const DRAWN = 'drawn by the program';
const WITHOUT_DATA = 'without --data a data set is taken by its name';

const PARTS = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'] as const;
type Part = (typeof PARTS)[number];

/** A data set that can be downloaded: the folder of the four files `<part>-ubyte.gz`, and the MD5 of each. */
export interface Source {
  title: string;
  mirror: string;
  md5: Record<Part, string>;
}

/** Places to look in. */
export interface Places {
  /** Holds a folder for each named data set, filled by downloads. */
  cache: string;
  /** The same, filled by the system's packages; their files are packed differently, so their MD5 is not checked. */
  system: string;
  sources: Record<string, Source>;
}

const SOURCES: Record<string, Source> = {
  mnist: {
    title: 'MNIST',
    mirror: 'https://ossci-datasets.s3.amazonaws.com/mnist/',
    md5: {
      'train-images-idx3': 'f68b3c2dcbeaaa9fbdd348bbdeb94873',
      'train-labels-idx1': 'd53e105ee54ea40749a09fcbcd1e9432',
      't10k-images-idx3': '9fb629c4189551a2d022fa330f9573f3',
      't10k-labels-idx1': 'ec29112dd5afa0611ce80d1b7f02629c',
    },
  },
  'fashion-mnist': {
    title: 'Fashion-MNIST',
    mirror: 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
    md5: {
      'train-images-idx3': '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
      'train-labels-idx1': '25c81989df183df01b3e8a0aad5dffbe',
      't10k-images-idx3': 'bef4ecab320f06d8554ea6380940ec79',
      't10k-labels-idx1': 'bb300cfdad3c16e7a12a480ee83cd310',
    },
  },
};

/**
 * The places of this machine: XDG_CACHE_HOME (or ~/.cache) and Debian's folder. Tests, and machines with a mirror of
 * their own, set LATENTGPU_DATA_CACHE, LATENTGPU_DATA_SYSTEM (folders that hold `mnist/` and so on) and
 * LATENTGPU_DATA_MIRROR (a URL under which `mnist/train-images-idx3-ubyte.gz` and so on lie).
 */
export function dataPlaces(env: NodeJS.ProcessEnv = process.env): Places {
  const { XDG_CACHE_HOME: xdg, LATENTGPU_DATA_MIRROR: mirror } = env;
  const caches = xdg && path.isAbsolute(xdg) ? xdg : path.join(os.homedir(), '.cache');
  const sources = Object.entries(SOURCES).map(([name, source]) => [
    name,
    mirror ? { ...source, mirror: `${mirror.replace(/\/$/, '')}/${name}/` } : source,
  ]);
  return {
    cache: env.LATENTGPU_DATA_CACHE || path.join(caches, 'latentgpu'),
    system: env.LATENTGPU_DATA_SYSTEM || '/usr/share/datasets',
    sources: Object.fromEntries(sources),
  };
}

export interface LoadOptions extends ReadingOptions {
  /** Of data without a test set: all rows are for testing, none held out. */
  keepWhole?: boolean;
  /** How many training images will be used; digits draws no more than that. */
  limit?: number | undefined;
  places?: Places;
  /** How a run's data were read: what of it means something for these data, and no flag says otherwise. */
  inherited?: ReadingOptions | undefined;
  /** What a model was trained on, where these are other data. */
  known?: Known | undefined;
}

/**
 * Loads what --data names. Without `choice`: MNIST if it is cached or can be downloaded, else Fashion-MNIST if it is on
 * this machine, else digits; one line says which and why.
 * @throws ArgumentError, FormatError, DownloadError
 */
export async function loadData(
  choice: string | undefined,
  listener: DataListener,
  {
    limit = Number.POSITIVE_INFINITY,
    places = dataPlaces(),
    inherited,
    known,
    keepWhole,
    ...options
  }: LoadOptions = {},
): Promise<LoadedData> {
  const reading = readingOf(options);
  const drawn = () => checkDataset(digits({ train: Math.min(limit, DIGITS_TRAIN) }));
  const digitsData = () => ({ dataset: { ...drawn(), numbers: 'pixels' as const }, from: DRAWN, choice: 'digits' });
  if (choice === undefined || choice === 'digits' || Object.hasOwn(places.sources, choice))
    checkReading('named', reading, choice === undefined ? WITHOUT_DATA : `--data ${choice} is a data set by its name`);
  if (choice === 'digits') return digitsData();
  if (choice !== undefined)
    return Object.hasOwn(places.sources, choice)
      ? loadNamed(choice, places, listener)
      : loadOwn(choice, { reading, inherited, known, keepWhole }, places, listener);
  try {
    return await loadNamed('mnist', places, listener);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    const why = `no MNIST: it is not in ${shorten(path.join(places.cache, 'mnist'))}, and ${reasonOf(error)}`;
    const found = await loadLocal('fashion-mnist', places, listener);
    if ('dataset' in found) {
      listener.say(`${why}; taking Fashion-MNIST from ${found.from}`);
      return found;
    }
    listener.say(`${why}; Fashion-MNIST is not here either, so digits are drawn`);
    return digitsData();
  }
}

/**
 * The first `limit` training images; all of them, and a line that says so, if there are fewer.
 * @throws ArgumentError if the batch that was asked for does not fit into what is left
 */
export function chooseImages(
  dataset: ExampleSet,
  { limit, batch }: { limit?: number; batch?: number },
  listener: Pick<DataListener, 'say'>,
): ExampleSet {
  const count = countOf(dataset.train);
  if (limit !== undefined && limit > count)
    listener.say(`--limit ${limit} is more than ${dataset.name} has: all ${count} training examples are used`);
  const chosen = limit === undefined ? dataset : withFirst(dataset, limit);
  const left = countOf(chosen.train);
  if (batch !== undefined && batch > left)
    throw new ArgumentError(
      `--batch ${batch} is larger than the data: ${left} training examples; use --batch <= ${left}`,
    );
  return chosen;
}

/** From the cache or the system's packages, else by download. */
async function loadNamed(name: string, places: Places, listener: DataListener): Promise<LoadedData> {
  const found = await loadLocal(name, places, listener);
  if ('dataset' in found) return found;
  const files = found;
  const source = places.sources[name];
  if (source === undefined) throw new Error(`no source of ${name}`);
  const folder = path.join(places.cache, name);
  const missing = PARTS.filter((part) => !files.has(part));
  listener.say(`downloading ${source.title} (${missing.length} files) from ${new URL(source.mirror).host}`);
  for (const part of missing) {
    const file = `${part}-ubyte.gz`;
    const bytes = await download(new URL(file, source.mirror), source.md5[part], (received, total) =>
      listener.download(file, received, total),
    ).catch((error: unknown) => {
      if (!(error instanceof DownloadError)) throw error;
      throw new DownloadError(
        `${error.message}; ${source.title} is neither in ${shorten(folder)} nor in ${path.join(places.system, name)}: ` +
          `connect this machine, put the four ${'*-ubyte.gz'} files there, or use --data digits`,
        { cause: error },
      );
    });
    files.set(part, bytes);
    keep(path.join(folder, file), bytes, listener);
  }
  const from = `${source.mirror}, kept in ${shorten(folder)}`;
  return { dataset: await decode(source.title, folder, files), from, choice: name };
}

/** The data if they are on this machine, else those files of the cache that are whole. */
async function loadLocal(
  name: string,
  places: Places,
  listener: DataListener,
): Promise<LoadedData | Map<Part, Uint8Array>> {
  const source = places.sources[name];
  if (source === undefined) throw new Error(`no source of ${name}`);
  const folder = path.join(places.cache, name);
  const files = readCache(folder, source, listener);
  if (PARTS.every((part) => files.has(part)))
    return { dataset: await decode(source.title, folder, files), from: shorten(folder), choice: name };
  const system = path.join(places.system, name);
  if (!isWholeIdxFolder(system)) return files;
  return {
    dataset: { ...(await loadPlace(system, namesOf(places), listener, { reading: {} })), name: source.title },
    from: system,
    choice: name,
  };
}

/** The files of a cache folder whose checksum is right; the others are removed, and a line says so. */
function readCache(folder: string, source: Source, listener: DataListener): Map<Part, Uint8Array> {
  const files = new Map<Part, Uint8Array>();
  for (const part of PARTS) {
    const file = path.join(folder, `${part}-ubyte.gz`);
    if (!fs.existsSync(file)) continue;
    const bytes = readFile(file);
    const md5 = md5Of(bytes);
    if (md5 === source.md5[part]) {
      files.set(part, bytes);
      continue;
    }
    listener.say(`${shorten(file)}: its MD5 is ${md5}, must be ${source.md5[part]}; removed, to be fetched again`);
    fs.rmSync(file);
  }
  return files;
}

/** The first half of a download's message, without the advice that follows. */
function reasonOf(error: DownloadError): string {
  return error.cause instanceof DownloadError ? error.cause.message : error.message;
}

/** Puts a checked download into the cache: under another name first, so that the cache never holds a part of a file. */
function keep(file: string, bytes: Uint8Array, listener: DataListener): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(temporary, bytes);
    fs.renameSync(temporary, file);
  } catch (error) {
    if (fs.existsSync(temporary)) fs.rmSync(temporary);
    listener.say(`${shorten(file)} cannot be kept for the next time: ${(error as Error).message}`);
  }
}

/** Between a folder and which of its data sets, in `LoadedData.choice`. */
const SPLIT = '#';

/** From a path, or from what `choice` says of a path and a split. */
async function loadOwn(
  choice: string,
  { reading: { split, ...reading }, ...options }: PlaceOptions,
  places: Places,
  listener: DataListener,
): Promise<LoadedData> {
  const at = choice.lastIndexOf(SPLIT);
  const whole = at < 0 || fs.existsSync(choice);
  const place = whole ? choice : choice.slice(0, at);
  const set = split ?? (whole ? undefined : choice.slice(at + 1));
  const dataset = await loadPlace(place, namesOf(places), listener, {
    ...options,
    reading: { ...reading, ...(set !== undefined && { split: set }) },
  });
  return { dataset, from: place, choice: path.resolve(place) + (set === undefined ? '' : SPLIT + set) };
}

const namesOf = (places: Places): string[] => [...Object.keys(places.sources), 'digits'];

async function decode(name: string, folder: string, files: Map<Part, Uint8Array>): Promise<ExampleSet> {
  const array = async (part: Part) => {
    const file = path.join(folder, `${part}-ubyte.gz`);
    return decodeIdx(await gunzipIfNeeded(files.get(part) ?? new Uint8Array(), file), file);
  };
  const part = async (set: 'train' | 't10k') => ({
    examples: await array(`${set}-images-idx3`),
    labels: await array(`${set}-labels-idx1`),
  });
  return datasetOf({ name, place: folder }, { train: await part('train'), test: await part('t10k') }, () => undefined);
}

/** A path as people write it: ~ for the home folder. */
function shorten(file: string): string {
  const home = os.homedir();
  return file.startsWith(home + path.sep) ? `~${file.slice(home.length)}` : file;
}
