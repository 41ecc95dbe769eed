// harness/generate.js as its users start it: runs that harness/train.js left, everything that can be made from them, and
// what is refused. Images are 8x8 and models tiny and hardly trained, one process each; what is drawn and computed is
// tested in test/unit and test/behaviour.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decode } from 'fast-png';
import { decodeSafetensors, encodeSafetensors } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ADAPTER, runProgram, writeBars } from '../support/programs/programs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-generate-cli-'));
const data = path.join(scratch, 'data');
const CLASSES = 3;
const TEST_IMAGES = 10;
const LATENT = 4;

function run(program: string, args: string[]) {
  const { status, out, err } = runProgram(program, ['--adapter', ADAPTER, ...args]);
  return { status, err, lines: out.trimEnd().split('\n') };
}

function train(name: string, flags: string[]): string {
  const out = path.join(scratch, name);
  const sizes = ['--hidden', '6', '--latent', `${LATENT}`, '--batch', '8', '--steps', '7', '--quiet'];
  const { status, err } = run('harness/train.js', ['--data', data, ...sizes, ...flags, '--out', out]);
  assert.equal([err, status], ['', 0]);
  return out;
}
const generate = (folder: string, ...flags: string[]) => run('harness/generate.js', ['--run', folder, ...flags]);

let [conditional, denoising] = ['', ''];
test.before(() => {
  writeBars(data, { test: TEST_IMAGES, classes: CLASSES });
  conditional = train('conditional', ['--model', 'conditional-vae']);
  denoising = train('denoising', ['--model', 'denoising', '--noise', 'mask:0.25']);
});
test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const size = (folder: string, name: string) => {
  const { width, height } = decode(fs.readFileSync(path.join(folder, name)));
  return [width, height];
};
/** Screen pixels that images of 8x8, enlarged 11 times, take with the lines between and around them. */
const pixels = (images: number) => images * 90 + 2;
const MARGINS = 28;
/** A label of so many letters at the left of a sheet, and the space after it. */
const label = (letters: number) => 2 * (6 * letters - 1) + 12;
const TITLE = 18 + 12;

/** An array as NumPy would read it. */
function npy(folder: string, name: string) {
  const file = fs.readFileSync(path.join(folder, name));
  const begins = 10 + file.readUInt16LE(8);
  return { header: file.toString('latin1', 10, begins).trimEnd(), bytes: file.subarray(begins) };
}
/** The values of codes.npy. */
function codesOf(folder: string): number[] {
  const { header, bytes } = npy(folder, 'codes.npy');
  assert.is(header, `{'descr': '<f4', 'fortran_order': False, 'shape': (${TEST_IMAGES}, ${LATENT}), }`);
  assert.is(bytes.length, TEST_IMAGES * LATENT * 4);
  return Array.from({ length: TEST_IMAGES * LATENT }, (_, at) => bytes.readFloatLE(4 * at));
}

const EVERYTHING = ['codes.npy', 'codes.svg', 'compress.json', 'compress.png', 'grid.png', 'labels.npy'];

test('everything from a conditional VAE: lines, files, sizes', () => {
  const { status, err, lines } = generate(conditional, '--compress', '8,1');
  assert.equal([err, status], ['', 0]);
  const out = path.join(conditional, 'generated');
  assert.equal(fs.readdirSync(out).sort(), [...EVERYTHING, 'reconstructions.png', 'samples.png', 'walk.png']);
  assert.is(lines[0], `data      data (${data}): 36 training and 10 test images, 8x8`);
  assert.match(lines[1] ?? '', /^adapter {3}\S/);
  assert.is(lines[2], `model     64-6-${LATENT}-6-64`);
  assert.is(
    lines[3],
    `samples.png          10 images decoded from the prior for each class, a row a class, a column a code, seed 0`,
  );
  assert.equal(lines.slice(-2), [
    'denoised not made: the model was not trained to restore damaged images',
    `written to ${out}`,
  ]);
  for (const file of fs.readdirSync(out))
    assert.is(lines.filter((line) => line.startsWith(`${file} `)).length, 1, file);

  assert.equal(size(out, 'samples.png'), [MARGINS + label('class 0'.length) + pixels(10), MARGINS + pixels(CLASSES)]);
  assert.equal(size(out, 'reconstructions.png'), [
    MARGINS + label('original'.length) + pixels(TEST_IMAGES),
    MARGINS + pixels(2),
  ]);
  // Between images of two classes: once as the one, once as the other; a space beside each end, labels under the columns.
  assert.equal(size(out, 'walk.png'), [MARGINS + label(4) + pixels(13) + 2 * 12, MARGINS + TITLE + pixels(2) + 20]);
  assert.match(
    lines.find((line) => line.startsWith('walk.png')) ?? '',
    /image 0 \(class 0\) to test image 1 \(class 1\)/,
  );
  const { header, bytes } = npy(out, 'labels.npy');
  assert.is(header, `{'descr': '|u1', 'fortran_order': False, 'shape': (${TEST_IMAGES},), }`);
  assert.equal(
    [...bytes],
    Array.from({ length: TEST_IMAGES }, (_, image) => image % CLASSES),
  );
  const codes = codesOf(out);
  assert.ok(codes.every(Number.isFinite) && new Set(codes).size > TEST_IMAGES, `${codes}`);
  // The bars of images 0 and 8 are one image, but of the classes 0 and 2, which the encoder is told.
  assert.not.equal(codes.slice(0, LATENT), codes.slice(8 * LATENT, 9 * LATENT));
  assert.match(
    fs.readFileSync(path.join(out, 'codes.svg'), 'utf8'),
    /^<svg[\s\S]*Codes of 10 test images, 64-6-4-6-64/,
  );
});

test('loss: what the run told after its last epoch, to the same bits', () => {
  for (const folder of [conditional, denoising]) {
    const out = path.join(folder, 'loss');
    const { status, err, lines } = generate(folder, '--only', 'loss', '--out', out);
    assert.equal([status, err], [0, '']);
    assert.ok(
      lines.some((line) => /^loss of 10 test images: (BCE )?\d/.test(line)),
      lines.join('\n'),
    );
    const { images, ...losses } = JSON.parse(fs.readFileSync(path.join(out, 'loss.json'), 'utf8'));
    const last = fs.readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').at(-1) ?? '';
    assert.equal([images, losses], [TEST_IMAGES, JSON.parse(last).test]);
  }
});

test('compress: the table, and the same in compress.json', () => {
  const out = path.join(conditional, 'generated');
  const { images, pixels, latent, rangesFrom, low, high, costs } = JSON.parse(
    fs.readFileSync(path.join(out, 'compress.json'), 'utf8'),
  );
  assert.equal([images, pixels, latent, rangesFrom], [TEST_IMAGES, 64, LATENT, '36 training images']);
  assert.equal([low.length, high.length], [LATENT, LATENT]);
  assert.ok(low.every((value: number, at: number) => value < high[at]));
  assert.equal(
    costs.map(({ bits, bitsPerImage, bitsPerPixel }: Record<string, number>) => [bits, bitsPerImage, bitsPerPixel]),
    [
      [32, 128, 2],
      [8, 32, 0.5],
      [1, 4, 0.0625],
    ],
  );
  const [float, eight, one] = costs;
  // 10 images are too few for 256 cells, and enough for 2, which take 1 bit a number at most.
  assert.equal([float.entropyBits, eight.entropyBits], [null, null]);
  assert.ok(one.entropyBits > 0 && one.entropyBits <= LATENT, `${one.entropyBits}`);
  for (const { mse, psnr } of costs) assert.ok(Math.abs(psnr + 10 * Math.log10(mse)) < 1e-9, `${mse}: ${psnr} dB`);
  assert.ok(Math.abs(eight.mse - float.mse) < Math.abs(one.mse - float.mse), `${float.mse} ${eight.mse} ${one.mse}`);
});

test('a second time: another folder, a chosen class, and the seed decides about samples', () => {
  const flags = ['--only', 'samples', '--label', '2', '--count', '5'];
  const second = generate(conditional, ...flags, '--seed', '3');
  assert.equal([second.err, second.status], ['', 0]);
  const out = path.join(conditional, 'generated-2');
  // No line about data: samples need none.
  assert.equal(second.lines.slice(2), [
    'samples.png          5 images of class 2 decoded from the prior, seed 3',
    `written to ${out}`,
  ]);
  assert.equal(fs.readdirSync(out), ['samples.png']);
  assert.equal(size(out, 'samples.png'), [pixels(5), pixels(1)]);
  const samples = (seed: string) => {
    const folder = path.join(scratch, `seed-${seed}-${fs.readdirSync(scratch).length}`);
    const { err, status } = generate(conditional, ...flags, '--seed', seed, '--out', folder);
    assert.equal([err, status], ['', 0]);
    return fs.readFileSync(path.join(folder, 'samples.png'));
  };
  assert.ok(samples('3').equals(fs.readFileSync(path.join(out, 'samples.png'))));
  assert.not(samples('4').equals(fs.readFileSync(path.join(out, 'samples.png'))));
});

test('everything from a denoising autoencoder: no samples, restored images and their PSNR', () => {
  const out = path.join(scratch, 'pictures');
  const { status, err, lines } = generate(denoising, '--compress', '--count', '4', '--walk', '2,9', '--out', out);
  assert.equal([err, status], ['', 0]);
  assert.equal(fs.readdirSync(out).sort(), [
    ...['codes.npy', 'codes.svg', 'compress.json', 'compress.png', 'denoised.png', 'grid.png', 'labels.npy'],
    ...['reconstructions.png', 'walk.png'],
  ]);
  codesOf(out);
  const restored = lines.find((line) => line.startsWith('denoised.png')) ?? '';
  const [, before, after] =
    /^denoised\.png {9}test images, damaged by mask 0\.25, restored: PSNR (\S+) dB before, (\S+) dB after \(10 test images\)$/.exec(
      restored,
    ) ?? [];
  // A quarter of the pixels turns black, of which an eighth is white: the error is 1/32, within the scatter of 80 pixels.
  // 20 of them are expected to be hit, with a deviation of 4; 6 deviations are 5 to 44.
  const psnr = (hit: number) => -10 * Math.log10(hit / 640);
  assert.ok(Number(before) > psnr(44) && Number(before) < psnr(5), restored);
  assert.ok(Number(after) > 0 && Number(after) < 100, restored);
  assert.equal(size(out, 'denoised.png')[1], MARGINS + TITLE + pixels(3));
  assert.equal(size(out, 'reconstructions.png')[0], MARGINS + label('original'.length) + pixels(4));
  assert.match(
    lines.find((line) => line.startsWith('walk.png')) ?? '',
    /image 2 \(class 2\) to test image 9 \(class 0\)/,
  );
  // 8, 6, 4, 3 and 2 bits, and the codes as they are.
  assert.is(JSON.parse(fs.readFileSync(path.join(out, 'compress.json'), 'utf8')).costs.length, 6);
  assert.is(
    lines.at(-2),
    'samples not made: a deterministic code has no prior to draw from; only variational models have one',
  );
});

/** A copy of a run's folder with the weights of another. */
function mixed(): string {
  const folder = path.join(scratch, 'mixed');
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync(path.join(denoising, 'run.json'), path.join(folder, 'run.json'));
  fs.copyFileSync(path.join(conditional, 'model.safetensors'), path.join(folder, 'model.safetensors'));
  return folder;
}

/** A copy of a run's folder with a weight that is NaN. */
function diverged(): string {
  const folder = path.join(scratch, 'diverged');
  fs.mkdirSync(folder, { recursive: true });
  const run = JSON.parse(fs.readFileSync(path.join(conditional, 'run.json'), 'utf8'));
  fs.writeFileSync(path.join(folder, 'run.json'), JSON.stringify(run));
  const tensors = decodeSafetensors(fs.readFileSync(path.join(conditional, 'model.safetensors')));
  const bias = tensors.get('mu.bias')?.values as Float32Array;
  bias[2] = Number.NaN;
  fs.writeFileSync(path.join(folder, 'model.safetensors'), encodeSafetensors(tensors));
  return folder;
}

test('everything from a vq-vae: vectors, their numbers and a walk; no samples and no grid', () => {
  const folder = path.join(scratch, 'vq');
  const own = ['--model', 'vq-vae', '--channels', '3', '--latent', '4', '--codes', '5', '--loss', 'mse'];
  const training = ['--batch', '8', '--steps', '7', '--quiet', '--out', folder];
  assert.equal(run('harness/train.js', ['--data', data, ...own, ...training]).err, '');
  const { status, err, lines } = generate(folder);
  assert.equal([err, status], ['', 0]);
  const out = path.join(folder, 'generated');
  const made = ['codes.npy', 'codes.svg', 'indices.npy', 'labels.npy', 'reconstructions.png', 'walk.png'];
  assert.equal(fs.readdirSync(out).sort(), made);
  const [codes, indices] = [npy(out, 'codes.npy'), npy(out, 'indices.npy')];
  assert.is(indices.header, `{'descr': '<u4', 'fortran_order': False, 'shape': (${TEST_IMAGES}, 16), }`);
  assert.is(codes.header, `{'descr': '<f4', 'fortran_order': False, 'shape': (${TEST_IMAGES}, 64), }`);
  const { values: codebook = [] } =
    decodeSafetensors(fs.readFileSync(path.join(folder, 'model.safetensors'))).get('codebook.weight') ?? {};
  for (let place = 0; place < TEST_IMAGES * 16; place++) {
    const vector = indices.bytes.readUInt32LE(4 * place);
    for (let d = 0; d < 4; d++) assert.is(codes.bytes.readFloatLE(4 * (4 * place + d)), codebook[4 * vector + d]);
  }
  assert.match(
    lines.join('\n'),
    /indices\.npy +the same codes as numbers of vectors, uint32 \[10, 16\], from 0 to 4\n/,
  );
  assert.match(
    lines.join('\n'),
    /walk\.png .* each place of them the nearest vector of the codebook; the ends are the originals\n/,
  );
  assert.match(lines.join('\n'), /\ngrid not made: a quantized code has no dimensions to go along/);
  const named = generate(folder, '--only', 'grid');
  assert.is(named.status, 2);
  assert.match(named.err, /grid cannot be made from this run: a quantized code has no dimensions/);
});

test('samples are drawn where the data of the run are gone', () => {
  const [moved, out] = [`${data}-moved`, path.join(scratch, 'without-data')];
  fs.renameSync(data, moved);
  try {
    const { status, err, lines } = generate(conditional, '--only', 'samples', '--count', '2', '--out', out);
    assert.equal([err, status], ['', 0]);
    assert.is(lines.at(-1), `written to ${out}`);
  } finally {
    fs.renameSync(moved, data);
  }
});

const refused: [string, () => string[], RegExp][] = [
  ['no run', () => [], /^--run is missing: whose model\?/],
  [
    'a class for a model without classes',
    () => ['--run', denoising, '--label', '3'],
    /^--label 3: this model is not conditional and knows no classes; leave --label out$/,
  ],
  [
    'a class that is not there',
    () => ['--run', conditional, '--label', '3'],
    /^--label is 3, must be from 0 to 2: this model has 3 classes$/,
  ],
  [
    'samples of a deterministic code',
    () => ['--run', denoising, '--only', 'samples'],
    /^samples cannot be made from this run: a deterministic code has no prior to draw from; /,
  ],
  [
    'weights of another model',
    () => ['--run', mixed()],
    /^\S*mixed\/model\.safetensors cannot be loaded into the model of run\.json: the tensors are not those of this model: \d missing: /,
  ],
  [
    'weights that are not numbers',
    () => ['--run', diverged()],
    /^\S*diverged\/model\.safetensors cannot be loaded into the model of run\.json: parameter "mu\.bias": 1 of 4 values are not finite in f32, the first is NaN at index 2; a training that diverged leaves /,
  ],
  ['a folder that is no run', () => ['--run', data], /^--run \S+ has no run\.json, must be a run's folder; name /],
  [
    'images of another size',
    () => ['--run', denoising, '--data', 'digits'],
    /^digits has images of \d+x\d+ = \d+ pixels, must have 64 as the model; give the run's data with --data$/,
  ],
  [
    'a test image that is not there',
    () => ['--run', denoising, '--walk', '0,10'],
    /^--walk 0,10: there is no test image 10, must be from 0 to 9$/,
  ],
  [
    'a folder that is taken',
    () => ['--run', denoising, '--out', data],
    /^--out \S+ is not empty \(4 entries\), must be /,
  ],
];
for (const [what, args, message] of refused)
  test(`refused in one line, status 2, nothing written: ${what}`, () => {
    const given = args();
    const { status, err } = run('harness/generate.js', given);
    assert.match(err, /^error: [^\n]+\n$/);
    assert.match(err.slice('error: '.length).trimEnd(), message);
    assert.is(status, 2);
    for (const folder of [denoising, path.join(scratch, 'mixed'), path.join(scratch, 'diverged')])
      assert.not(fs.existsSync(path.join(folder, 'generated')), folder);
    assert.not(fs.existsSync(path.join(conditional, 'generated-3')));
  });

test('--weights: the same codes as from the run, whose model is told from names and shapes or from --spec', () => {
  const weights = path.join(scratch, 'state_dict.safetensors');
  const tensors = decodeSafetensors(fs.readFileSync(path.join(conditional, 'model.safetensors')));
  // As torch.nn.DataParallel saves it.
  fs.writeFileSync(weights, encodeSafetensors(new Map([...tensors].map(([name, one]) => [`module.${name}`, one]))));
  const spec = path.join(scratch, 'net.json');
  fs.writeFileSync(spec, JSON.stringify(JSON.parse(fs.readFileSync(path.join(conditional, 'run.json'), 'utf8')).spec));
  const want = path.join(scratch, 'codes-of-run');
  assert.is(generate(conditional, '--only', 'codes', '--out', want).status, 0);
  for (const [name, flags] of [
    ['inferred', []],
    ['described', ['--spec', spec]],
  ] as const) {
    const out = path.join(scratch, name);
    const args = ['--weights', weights, ...flags, '--data', data, '--only', 'codes', '--out', out];
    const { status, err, lines } = run('harness/generate.js', args);
    assert.equal([status, err], [0, '']);
    assert.is(
      lines.some((line) => line.startsWith('assumed   relu in the hidden layers, sigmoid pixels of 0..1')),
      name === 'inferred',
    );
    assert.equal(npy(out, 'codes.npy').bytes, npy(want, 'codes.npy').bytes, name);
  }
  const bare = run('harness/generate.js', ['--weights', weights, '--only', 'codes']);
  assert.equal(
    [bare.status, bare.err],
    [2, 'error: which data are to be used, these names and shapes cannot say; name them, for example --data digits\n'],
  );
});

test('--help prints the flags', () => {
  const { status, err, lines } = run('harness/generate.js', ['--help']);
  assert.equal([status, err], [0, '']);
  assert.ok(lines.includes('usage: node harness/generate.js --run DIR [flags]'));
});

test.run();
