// harness/generate.js without a device: what its arguments may be, what a model can have made from it, how pictures of
// the code are laid out, and which folders are a run's. Whole messages, because a person reads them.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  ae,
  type CheckedExamples,
  conditionalVae,
  countOf,
  denoising,
  encodeSafetensors,
  type ModelSpec,
  vae,
} from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ExampleSet } from '../../harness/lib/data/arrays.js';
import { defaultWalk, line } from '../../harness/lib/generate/between.js';
import { classOf } from '../../harness/lib/generate/classes.js';
import { checkImagesFit, chooseOutputs, loadRunData } from '../../harness/lib/generate/generate.js';
import { denoised, samples } from '../../harness/lib/generate/images.js';
import { gridCodes, layGrid } from '../../harness/lib/generate/latent.js';
import type { Material } from '../../harness/lib/generate/material.js';
import { type GenerateOptions, generateHelp, readGenerateOptions } from '../../harness/lib/options/generate-options.js';
import { codesPlot } from '../../harness/lib/plots/codes-plot.js';
import { drawSheet } from '../../harness/lib/plots/sheet.js';
import { readRun, type StoredRun } from '../../harness/lib/run/read-run.js';
import { Results } from '../../harness/lib/run/results.js';
import { parameterSpecs } from '../../src/graph/layers.js';
import { layoutOf } from '../../src/plan/layout.js';
import { flatWeights } from '../../src/train/weights.js';
import { safetensorsOf } from '../support/mutations.js';

let root = '';
test.before.each(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-generate-'));
});
test.after.each(() => fs.rmSync(root, { recursive: true }));

const refused = (run: () => unknown, message: string, name = 'ArgumentError') => {
  try {
    run();
  } catch (error) {
    return assert.equal([(error as Error).name, (error as Error).message], [name, message]);
  }
  assert.unreachable(`not refused: ${message}`);
};
const words = (text: string) => text.split(' ');
const options = (text: string) => readGenerateOptions(words(text)) as GenerateOptions;

// Arguments

test('--run alone; every flag; what is absent stays absent', () => {
  assert.equal(options('--run runs/a'), { run: 'runs/a', seed: 0, adapter: 'auto' });
  assert.equal(
    options(
      '--run a --data digits --out b --only walk,samples,grid,compress --count 5 --label 0 --walk 7,0 --axes 3,1 ' +
        '--compress 8,4 --seed 9 --adapter lavapipe',
    ),
    {
      run: 'a',
      data: 'digits',
      out: 'b',
      only: ['samples', 'walk', 'grid', 'compress'], // in the order in which they are made
      count: 5,
      label: 0,
      walk: [7, 0],
      axes: [3, 1],
      compress: [8, 4],
      seed: 9,
      adapter: 'lavapipe',
    },
  );
});

test('--compress alone, before another flag, with bits, by --only; help', () => {
  const all = [8, 6, 4, 3, 2];
  assert.equal(options('--run a --compress').compress, all);
  assert.equal(options('--compress --run a').compress, all);
  assert.equal(options('--run a --compress 8,4').compress, [8, 4]);
  assert.equal(options('--run a --compress=16,1').compress, [16, 1]);
  assert.equal(options('--run a --only compress').compress, all);
  assert.equal(options('--run a --only compress --compress 3').compress, [3]);
  assert.is(options('--run a --only samples').compress, undefined);
  assert.is(readGenerateOptions(['--only', 'nothing', '--help']), undefined);
  for (const name of ['run', 'data', 'out', 'only', 'count', 'label', 'walk', 'axes', 'compress', 'seed', 'adapter'])
    assert.match(generateHelp(), new RegExp(`^  --${name} `, 'm'));
});

const NAMES = 'samples, reconstructions, walk, grid, denoised, codes, loss, compress';
const PAIR = 'counted from 0; for example';
const BITS = 'must be different whole numbers from 1 to 16; for example --compress 8,6,4,3,2';
for (const [args, message] of [
  ['--seed 1', '--run is missing: whose model? Name the folder of a run, for example --run runs/first'],
  ['--only smaples', `--only is smaples: smaples is none of ${NAMES}; did you mean samples?`],
  ['--only walk,', `--only is walk,: "" is none of ${NAMES}; for example --only samples,walk`],
  ['--axes 3,3', `--axes is 3,3, must be two different dimensions of the code, ${PAIR} --axes 0,1`],
  ['--axes 0,-1', `--axes is 0,-1, must be two different dimensions of the code, ${PAIR} --axes 0,1`],
  ['--axes 0,1,2', `--axes is 0,1,2, must be two different dimensions of the code, ${PAIR} --axes 0,1`],
  ['--walk 7', `--walk is 7, must be two different test images, ${PAIR} --walk 0,7`],
  ['--walk 1,x', `--walk is 1,x, must be two different test images, ${PAIR} --walk 0,7`],
  ['--compress 0', `--compress is 0, ${BITS}`],
  ['--compress 17', `--compress is 17, ${BITS}`],
  ['--compress 8,8', `--compress is 8,8, ${BITS}`],
  ['--compress 2.5', `--compress is 2.5, ${BITS}`],
  ['--count 0', '--count is 0, must be a whole number >= 1; for example --count 12'],
  ['--count 1.5', '--count is 1.5, must be a whole number >= 1; for example --count 12'],
  ['--seed 0x10', '--seed is 0x10, must be a whole number from 0 to 9007199254740991; for example --seed 1'],
  [
    '--only samples --compress',
    '--compress is given, but --only does not name it; write --only compress,... or leave one out',
  ],
  ['--sample 3', '--sample: unknown; must be a flag of this program, see --help'],
] as const)
  test(`refused: ${args}`, () => {
    refused(() => options(args.startsWith('--seed 1') ? args : `--run a ${args}`), message);
  });

// What a model can have

const small = { pixels: 64, hidden: [6], latent: 3 };
const plain = vae(small);
const conditional = conditionalVae({ ...small, classes: 3 });
const deterministic = ae(small);
const denoiser = denoising(small);
const choose = (args: string, spec: ModelSpec, classes?: readonly string[]) => {
  const { outputs, skipped } = chooseOutputs(options(`--run a ${args}`.trim()), spec, classes);
  return { made: outputs.map(({ name }) => name), skipped: skipped.map(({ name, why }) => `${name}: ${why}`) };
};
const NO_PRIOR = 'a deterministic code has no prior to draw from; only variational models have one';
const NO_NOISE = 'the model was not trained to restore damaged images';
const ONE_DIMENSION = 'the code has one dimension; a grid needs two';

test('everything that a model can have is made, what it cannot have is skipped with the reason', () => {
  const rest = ['reconstructions', 'walk', 'grid'];
  const variational = { made: ['samples', ...rest, 'codes'], skipped: [`denoised: ${NO_NOISE}`] };
  assert.equal(choose('', plain), variational);
  assert.equal(choose('', conditional), variational);
  assert.equal(choose('', deterministic), {
    made: [...rest, 'codes'],
    skipped: [`samples: ${NO_PRIOR}`, `denoised: ${NO_NOISE}`],
  });
  assert.equal(choose('--compress', denoiser), {
    made: [...rest, 'denoised', 'codes', 'compress'],
    skipped: [`samples: ${NO_PRIOR}`],
  });
  assert.equal(choose('', vae({ ...small, latent: 1 })).skipped, [`grid: ${ONE_DIMENSION}`, `denoised: ${NO_NOISE}`]);
  assert.equal(choose('--only codes,samples', plain), { made: ['samples', 'codes'], skipped: [] });
});

test('what is asked for by name and cannot be had is refused', () => {
  const line = vae({ ...small, latent: 1 });
  refused(() => choose('--only samples,codes', denoiser), `samples cannot be made from this run: ${NO_PRIOR}`);
  refused(() => choose('--only denoised', plain), `denoised cannot be made from this run: ${NO_NOISE}`);
  refused(() => choose('--only grid', line), `grid cannot be made from this run: ${ONE_DIMENSION}`);
  refused(() => choose('--axes 0,1', line), `grid cannot be made from this run: ${ONE_DIMENSION}`);
});

test('--label and --axes must be of the model', () => {
  refused(
    () => choose('--label 0', plain),
    '--label 0: this model is not conditional and knows no classes; leave --label out',
  );
  refused(() => choose('--label 3', conditional), '--label is 3, must be from 0 to 2: this model has 3 classes');
  assert.is(choose('--label 2', conditional).made.length, 5);
  refused(() => choose('--label -1', conditional), '--label is -1, must be from 0 to 2: this model has 3 classes');
  refused(
    () => choose('--label bat', conditional, ['cat', 'dog', 'ape']),
    '--label is bat, must be one of cat, dog, ape; did you mean cat?',
  );
  assert.is(choose('--label dog', conditional, ['cat', 'dog', 'ape']).made.length, 5);
  assert.is(classOf('dog', conditional, ['cat', 'dog', 'ape']), 1);
  assert.is(classOf(2, conditional, ['cat', 'dog', 'ape']), 2, 'by number where no name is one');
  assert.is(classOf(2, conditional, ['1', '2', '3']), 1, 'a name wins');
  refused(() => classOf(0, conditional, ['1', '2', '3']), '--label is 0, must be one of 1, 2, 3');
  refused(() => choose('--axes 1,3', plain), '--axes 1,3: 3 is no dimension of the code, must be from 0 to 2');
  assert.is(choose('--axes 2,0', plain).made.length, 5);
});

/** `labels.length` images of 8x8, or `count` without labels. */
const images = (labels?: number[], count = labels?.length ?? 0): CheckedExamples => ({
  shape: [count, 8, 8],
  values: new Uint8Array(count * 64),
  ...(labels && { labels: Uint8Array.from(labels) }),
});
const fits = (args: string, spec: ModelSpec, dataset: Omit<ExampleSet, 'name'>) =>
  checkImagesFit(options(`--run a ${args}`.trim()), spec, { name: 'shapes', ...dataset });

test('images must fit the model and the request', () => {
  const unlabelled = { train: images(undefined, 4), test: images(undefined, 2) };
  const labelled = { train: images([0, 1, 2, 0]), test: images([2, 1]) };
  fits('--walk 1,0 --compress', plain, unlabelled);
  fits('--walk 1,0 --compress', conditional, labelled);
  fits('--only samples', conditional, unlabelled);
  refused(
    () => fits('', vae({ ...small, pixels: 784 }), unlabelled),
    "shapes has images of 8x8 = 64 pixels, must have 784 as the model; give the run's data with --data",
  );
  refused(() => fits('--walk 0,2', plain, unlabelled), '--walk 0,2: there is no test image 2, must be from 0 to 1');
  refused(
    () => fits('--only walk', plain, { ...unlabelled, test: images(undefined, 1) }),
    'walk cannot be made from shapes: there is one test image only',
  );
  fits('', plain, { ...unlabelled, test: images(undefined, 1) });
});

test('a conditional model needs labels, and those that it knows', () => {
  const labelled = { train: images([0, 1, 2, 0]), test: images([2, 1]) };
  const missing = (which: string) =>
    `shapes has no labels of its ${which} examples, must have them: this model is conditional and is told the class of each; give other data with --data, or use --only samples`;
  refused(() => fits('', conditional, { ...labelled, test: images(undefined, 2) }), missing('test'));
  refused(
    () => fits('--only samples,codes', conditional, { ...labelled, test: images(undefined, 2) }),
    missing('test'),
  );
  // Training images are looked at for the ranges of --compress only.
  fits('', conditional, { ...labelled, train: images(undefined, 4) });
  refused(() => fits('--compress', conditional, { ...labelled, train: images(undefined, 4) }), missing('training'));
  const unknown = (which: string) =>
    `shapes has a ${which} image of class 3 (image 1), must have classes from 0 to 2 as the model; give the run's data with --data`;
  refused(() => fits('', conditional, { ...labelled, test: images([0, 3]) }), unknown('test'));
  refused(() => fits('--compress', conditional, { ...labelled, train: images([0, 3]) }), unknown('training'));
  fits('', plain, { train: images([9]), test: images([9, 9]) });
});

// Layouts

const walkOf = (examples: CheckedExamples) => defaultWalk({ count: countOf(examples), labels: examples.labels });
test('defaultWalk: the first image and the first of another class, or the second', () => {
  assert.equal(walkOf(images([5, 5, 5, 2, 1])), [0, 3]);
  assert.equal(walkOf(images([5, 5, 5])), [0, 1]);
  assert.equal(walkOf(images(undefined, 3)), [0, 1]);
  assert.equal(walkOf(images([5])), [0, 0]);
});

test('line: equal steps from one code to the other, the ends exactly theirs', () => {
  const [from, to] = [Float32Array.of(0, 1 / 3), Float32Array.of(4, -0.1)];
  const codes = line(from, to, 5);
  assert.is(codes.length, 10);
  assert.equal([codes.subarray(0, 2), codes.subarray(8)], [from, to]);
  assert.equal(
    [0, 1, 2, 3, 4].map((step) => codes[2 * step]),
    [0, 1, 2, 3, 4],
  );
});

test('layGrid of a Gaussian code: the two dimensions that vary most, two deviations of the prior, around 0', () => {
  // Variances 1, 16 and 4.
  const codes = Float32Array.of(11, 4, 2, 9, -4, 2, 11, 4, -2, 9, -4, -2);
  const grid = layGrid(plain, codes);
  assert.equal(grid.across, { dimension: 1, low: -2, high: 2 });
  assert.equal(grid.up, { dimension: 2, low: -2, high: 2 });
  assert.equal([...grid.centre], [0, 0, 0]);
  const asked = layGrid(plain, codes, [2, 0]);
  assert.equal([asked.across.dimension, asked.up.dimension], [2, 0]);
});

test('layGrid of another code: its own mean and deviation, no further than its values', () => {
  // Column 0: mean 10, deviation 1, values up to 1 away. Column 1: eight times 0 and 9 once, mean 1, deviation sqrt(8):
  // two deviations reach to 6.66 above and, below, to the lowest value.
  const codes = new Float32Array(27);
  for (let row = 0; row < 9; row++) codes.set([row === 0 ? 10 : row % 2 === 0 ? 11 : 9, row === 4 ? 9 : 0, 7], 3 * row);
  const { across, up, centre } = layGrid(deterministic, codes);
  assert.equal([across.dimension, up.dimension], [1, 0]);
  assert.is(across.low, 0);
  assert.ok(Math.abs(across.high - (1 + 2 * Math.sqrt(8))) <= 100 * Number.EPSILON, `${across.high}`);
  assert.equal([up.low, up.high], [9, 11]);
  assert.ok(
    [10, 1, 7].every((mean, at) => Math.abs(mean - (centre[at] ?? 0)) <= 7 * 2 ** -24 * 2),
    `${centre}`,
  );
});

test('gridCodes: across from low to high, up from the last row to the first, the rest in the centre', () => {
  const across = { dimension: 2, low: 0, high: 4 };
  const up = { dimension: 0, low: -1, high: 1 };
  const codes = gridCodes({ across, up, centre: Float32Array.of(50, 7, 60) }, 3);
  const rows = Array.from({ length: 9 }, (_, at) => [...codes.subarray(3 * at, 3 * at + 3)]);
  assert.equal(
    rows,
    [1, 0, -1].flatMap((y) => [0, 2, 4].map((x) => [y, 7, x])),
  );
});

// Files

/** A run's folder with these files. */
function folder(files: Record<string, string | Uint8Array>): string {
  const run = path.join(root, 'run');
  fs.mkdirSync(run);
  for (const [name, contents] of Object.entries(files)) fs.writeFileSync(path.join(run, name), contents);
  return run;
}
const REMEDY = 'name the folder of a run of harness/train.js';
const weights = encodeSafetensors(new Map([['a', { shape: [2], values: Float32Array.of(1, 2) }]]));

test('a run is read: its model, its weights and the name of its data, where that is told', () => {
  const run = folder({
    'run.json': JSON.stringify({ spec: plain, config: { dataChoice: 'digits' } }),
    'model.safetensors': weights,
  });
  const { spec, tensors, data, shape } = readRun(run);
  assert.equal([spec, data, shape], [plain, 'digits', [8, 8]]);
  assert.equal([...(tensors.get('a')?.values ?? [])], [1, 2]);
  for (const config of [undefined, null, {}, { dataChoice: 3 }]) {
    fs.writeFileSync(path.join(run, 'run.json'), JSON.stringify({ spec: plain, config }));
    assert.equal(Object.keys(readRun(run)), ['source', 'folder', 'spec', 'tensors', 'shape', 'heldOut']);
  }
  assert.equal(readRun(run).source, { weights: path.join(run, 'model.safetensors'), model: 'run.json' });
  assert.is(readRun(run).folder, run);
});

test('the size of the images: as run.json has it, of older runs a square, or unknown', () => {
  const run = folder({ 'model.safetensors': weights });
  const sizeOf = (pixels: number, config: unknown) => {
    fs.writeFileSync(
      path.join(run, 'run.json'),
      `\ufeff${JSON.stringify({ spec: vae({ ...small, pixels }), config })}`, // a byte order mark, as editors leave it
    );
    return readRun(run).shape;
  };
  assert.equal(sizeOf(12, { height: 3, width: 4 }), [3, 4]);
  assert.equal(sizeOf(16, { height: 3, width: 4 }), [4, 4], 'not of this model');
  assert.equal(sizeOf(16, {}), [4, 4]);
  assert.equal(sizeOf(12, { shape: [2, 2, 3] }), [2, 2, 3], 'colour');
  assert.equal(sizeOf(12, { shape: [12] }), [12], 'features');
  assert.equal(sizeOf(16, { shape: [12] }), [4, 4], 'not of this model');
  assert.is(sizeOf(12, {}), undefined);
  assert.is(sizeOf(12, { height: -3, width: -4 }), undefined);
});

test('samples need no data: none are looked for, but where others need them, and their size is not told', async () => {
  const said: string[] = [];
  const listener = { say: (line: string) => said.push(line), download: () => {} };
  const load = (args: string, run: Partial<StoredRun>) => {
    const asked = options(`--run a ${args}`.trim());
    const { outputs } = chooseOutputs(asked, plain);
    const source = { weights: 'a/model.safetensors', model: 'run.json' };
    const stored = { source, folder: 'a', spec: plain, tensors: new Map(), heldOut: { seed: 0 }, ...run };
    return loadRunData(asked, stored, outputs, listener);
  };
  const gone = path.join(root, 'gone');
  const shape = [4, 16];
  const { train, test: none } = await load('--only samples', { data: gone, shape });
  assert.equal(
    [train.shape, none.shape],
    [
      [0, 4, 16],
      [0, 4, 16],
    ],
  );
  assert.equal(said, []);
  const refusal = async (args: string, run: Partial<StoredRun>) => {
    try {
      await load(args, run);
    } catch (error) {
      return (error as Error).message;
    }
    return 'accepted';
  };
  const missing = `--data ${gone} does not exist, must be one of mnist, fashion-mnist, digits, a folder of IDX files or of pictures, or an .npz, .npy, .safetensors, .csv or .parquet file`;
  const others = '(the run was of these data; name others with --data';
  assert.is(await refusal('', { data: gone, shape }), `${missing} ${others}, or make what needs none: --only samples)`);
  assert.is(await refusal('--only walk', { data: gone, shape }), `${missing} ${others})`);
  assert.is(await refusal(`--only samples --data ${gone}`, { shape }), missing);
  assert.is(
    await refusal('--only samples', {}),
    'which data are to be used, run.json cannot say; name them, for example --data digits',
  );
});

const spec = vae({ pixels: 4, hidden: [], latent: 1 });
const layout = layoutOf(parameterSpecs(spec));
/** Quarters, which half floats hold too; the f32 and the upper or rounded 16 bits of each. */
const QUARTERS = [0.25, -0.5, 1.75, -2];
const DTYPES: Record<string, number[]> = {
  F16: [0x3400, 0xb800, 0x3f00, 0xc000],
  BF16: [0x3e80, 0xbf00, 0x3fe0, 0xc000],
};
for (const [dtype, bits] of Object.entries(DTYPES))
  test(`the weights of a run in ${dtype}, under names with a prefix, beside a counter, are the model's`, () => {
    const header: Record<string, unknown> = {};
    let end = 0;
    for (const { name, shape } of layout.ranges) {
      const bytes = 2 * shape.reduce((all, size) => all * size, 1);
      header[`module.${name}`] = { dtype, shape, data_offsets: [end, end + bytes] };
      end += bytes;
    }
    header['module.num_batches_tracked'] = { dtype: 'I64', shape: [], data_offsets: [end, end + 8] };
    const model = safetensorsOf(JSON.stringify(header), end + 8);
    for (let i = 0; i < end / 2; i++)
      new DataView(model.buffer).setUint16(model.length - 8 - end + 2 * i, bits[i % bits.length] ?? 0, true);
    const run = folder({ 'run.json': JSON.stringify({ spec }), 'model.safetensors': model });
    const flat = flatWeights(layout, readRun(run).tensors);
    let index = 0;
    for (const { offset, bytes } of layout.ranges)
      for (let at = offset / 4; at < (offset + bytes) / 4; at++)
        assert.is(flat[at], QUARTERS[index++ % QUARTERS.length]);
    assert.is(index, end / 2);
  });

test('a folder that is not there, a file, and folders that are no run', () => {
  const missing = path.join(root, 'missing');
  refused(() => readRun(missing), `--run ${missing} does not exist, must be a run's folder; ${REMEDY}`);
  const run = folder({});
  refused(() => readRun(run), `--run ${run} has no run.json, must be a run's folder; ${REMEDY}`);
  const file = path.join(run, 'run.json');
  fs.writeFileSync(file, JSON.stringify({ spec: plain }));
  refused(() => readRun(file), `--run ${file} is a file, must be a run's folder; ${REMEDY}`);
  refused(
    () => readRun(run),
    `--run ${run} has no model.safetensors, must be a run's folder; ${REMEDY} that came to its end`,
  );
});

test('a run.json that is not JSON, not an object, or without a model that can be built', () => {
  const run = folder({ 'model.safetensors': weights });
  const file = path.join(run, 'run.json');
  const put = (text: string) => () => {
    fs.writeFileSync(file, text);
    return readRun(run);
  };
  const written = `must be as harness/train.js wrote it; ${REMEDY}`;
  assert.throws(put('{'), (error: Error) => {
    assert.is(error.name, 'FormatError');
    assert.ok(error.message.startsWith(`${file} is not JSON (`) && error.message.endsWith(`), ${written}`));
    return true;
  });
  for (const text of ['[]', 'null', '3']) refused(put(text), `${file} is not an object, ${written}`, 'FormatError');
  refused(
    put('{"config": {}}'),
    `${file} has no "spec": the run is of an older version, which did not write its model down; train again`,
    'FormatError',
  );
  refused(
    put(JSON.stringify({ spec: { ...plain, code: { ...plain.code, units: 0 } } })),
    `${file}: spec.code.units: 0, must be a positive integer`,
    'FormatError',
  );
  refused(
    put('{"spec": null}'),
    `${file}: "spec" is null, must be an object as harness/train.js wrote it; ${REMEDY}`,
    'FormatError',
  );
});

test('a model.safetensors that is not one is named', () => {
  const run = folder({ 'run.json': JSON.stringify({ spec: plain }), 'model.safetensors': 'no' });
  const file = path.join(run, 'model.safetensors');
  assert.throws(
    () => readRun(run),
    (error: Error) => error.name === 'FormatError' && error.message.startsWith(`${file}: `),
  );
});

test("results: each file has its line, the folder is one program's alone and nothing in it is ever replaced", () => {
  const lines: string[] = [];
  const out = path.join(root, 'deep', 'results');
  const results = new Results({ out, run: root }, (text) => lines.push(text));
  results.write('a.txt', 'first', 'a text');
  results.write('b.bin', Uint8Array.of(1, 2), 'two bytes');
  assert.equal(lines, ['a.txt                a text', 'b.bin                two bytes']);
  assert.equal([...fs.readFileSync(path.join(out, 'b.bin'))], [1, 2]);
  const refused = (start: string) =>
    assert.throws(
      () => new Results({ out, run: root }, () => undefined),
      (error: Error) => error.name === 'ArgumentError' && error.message.startsWith(start),
    );
  refused(`${out} is not empty (2 entries), must be a new or empty folder`);
  results.release();
  refused(`${out} is not empty (2 entries), must be a new or empty folder`);
  assert.equal(fs.readdirSync(out).sort(), ['a.txt', 'b.bin']);
});

test('results without --out: generated, then -2, -3', () => {
  const folders = [1, 2, 3].map(() => new Results({ run: root }, () => undefined));
  const names = ['generated', 'generated-2', 'generated-3'];
  assert.equal(
    folders.map(({ folder }) => folder),
    names.map((name) => path.join(root, name)),
  );
  for (const folder of folders) folder.release();
});

test('classes by their names: rows of samples, a line about one class, the legend of the codes', async () => {
  const lines: string[] = [];
  const classes = ['Ankle boot', 'Été', 'x'.repeat(20)];
  const drawn = new Float32Array(2 * 64).fill(0.5);
  const out = (name: string) => path.join(root, name);
  const make = (label: number | undefined, name: string) =>
    samples.make({
      model: { spec: conditional, sample: async () => drawn } as unknown as Material['model'],
      train: images(undefined, 1),
      test: images(undefined, 1),
      options: { seed: 0, adapter: 'auto', run: 'a', count: 2 },
      results: new Results({ out: out(name), run: root }, (text) => lines.push(text)),
      say: () => {},
      size: { height: 8, width: 8 },
      features: [],
      classes,
      label,
      testCodes: () => Promise.reject(new Error('not needed')),
    });
  await make(undefined, 'rows');
  const rows = ['ankle boot', 'ete', `${'x'.repeat(14)}..`].map((label) => ({ label, images: drawn }));
  assert.equal(
    fs.readFileSync(path.join(out('rows'), 'samples.png')),
    Buffer.from(drawSheet({ height: 8, width: 8, rows })),
  );
  await make(1, 'one');
  assert.match(lines.at(-1) ?? '', /2 images of class Été decoded/);
  const points = [0, 1, 2, 3].map((label) => ({ x: label, y: label % 2, label }));
  const svg = await codesPlot(points, { title: 't', shares: [1, 0], classes: ['d', 'c', 'b', 'a'] });
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
  const legend = texts.slice(texts.indexOf('class') - 4);
  assert.equal(legend.filter((text) => /^[a-d]$/.test(text ?? '')).slice(0, 4), ['d', 'c', 'b', 'a'], texts.join());
});

test('noise that damages nothing: an infinite PSNR is said in words that the font has', async () => {
  const lines: string[] = [];
  const spec: ModelSpec = { ...denoiser, corruption: { kind: 'mask', amount: 0.5 } };
  await denoised.make({
    model: { spec, reconstruct: async (seen: Float32Array) => seen.map(() => 0.1) } as unknown as Material['model'],
    train: images(undefined, 1),
    test: images(undefined, 2), // black, so a mask changes nothing
    options: { seed: 0, adapter: 'auto', run: 'a' },
    results: new Results({ out: path.join(root, 'out'), run: root }, (text) => lines.push(text)),
    say: () => {},
    size: { height: 8, width: 8 },
    features: [],
    classes: undefined,
    label: undefined,
    testCodes: () => Promise.reject(new Error('not needed')),
  });
  assert.equal(lines, [
    'denoised.png         test images, damaged by mask 0.5, restored: PSNR infinite before, 20.0 dB after (2 test images)',
  ]);
});

test.run();
