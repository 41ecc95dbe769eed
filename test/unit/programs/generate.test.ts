// harness/generate.js without a device: what a model can have made from it, how pictures of the code are laid out, and its files.
// Its arguments: generate-options.test.ts; the run that it reads: read-run.test.ts.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ae, type CheckedExamples, conditionalVae, countOf, denoising, type ModelSpec, vae } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ExampleSet } from '../../../harness/lib/data/arrays.js';
import { defaultWalk, line } from '../../../harness/lib/generate/between.js';
import { classOf } from '../../../harness/lib/generate/classes.js';
import { checkImagesFit, chooseOutputs, loadRunData } from '../../../harness/lib/generate/generate.js';
import { denoised, samples } from '../../../harness/lib/generate/images.js';
import { gridCodes, layGrid } from '../../../harness/lib/generate/latent.js';
import type { Material } from '../../../harness/lib/generate/material.js';
import { codesPlot } from '../../../harness/lib/plots/codes-plot.js';
import { drawSheet } from '../../../harness/lib/plots/sheet.js';
import type { StoredRun } from '../../../harness/lib/run-folder/read-run.js';
import { Results } from '../../../harness/lib/run-folder/results.js';
import { images, options, plain, refused, small } from '../../support/programs/generating.js';

let root = '';
test.before.each(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-generate-'));
});
test.after.each(() => fs.rmSync(root, { recursive: true }));

// What a model can have
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
