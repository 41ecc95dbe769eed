// Rows of features, and colour images, through all programs as their users start them: trained, scored, generated from, and
// what is refused.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decode } from 'fast-png';
import { decodeNpy } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeNpy } from '../../harness/lib/plots/npy.js';
import { uniforms } from '../support/limits/numbers.js';
import { ADAPTER, own, runProgram } from '../support/programs/programs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-tables-'));
test.after(() => fs.rmSync(scratch, { recursive: true }));
const at = (name: string) => path.join(scratch, name);
const on = ['--adapter', ADAPTER];
const run = (program: string, ...args: string[]) => runProgram(`harness/${program}.js`, [...args, ...on]);

/** Three features that follow one number, a constant, and a class: of 1 the third feature does not follow. */
function table(file: string, count: number, odd: number, labels: boolean): void {
  const [hidden, noise] = [uniforms(count, count), uniforms(count + 1, 3 * count, -0.05, 0.05)];
  const lines = Array.from({ length: count }, (_, row) => {
    const [x = 0, a = 0, b = 0, c = 0] = [hidden[row], ...noise.subarray(3 * row, 3 * row + 3)];
    const wrong = row < odd;
    const numbers = [10 * (x + a), 5 - 100 * (x + b), (wrong ? 3 : 0) + x + c, 7];
    return [...numbers.map((value) => value.toFixed(5)), ...(labels ? [Number(wrong)] : [])].join(',');
  });
  fs.writeFileSync(at(file), `speed,"heat, left",load,site${labels ? ',label' : ''}\n${lines.join('\n')}\n`);
}
table('usual.csv', 400, 0, false);
table('mixed.csv', 300, 20, true);
const trained = at('run');
const FEATURES = ['speed', 'heat, left', 'load', 'site'];

test('a table is trained on: scaled, its constant named, its errors by feature', () => {
  const args = ['--data', at('usual.csv'), '--model', 'ae', '--hidden', '8', '--latent', '1', '--epochs', '30'];
  const { status, out, err } = run(
    'train',
    ...args,
    '--batch',
    '32',
    '--lr',
    '0.01',
    '--validation',
    '0.2',
    '--out',
    trained,
  );
  assert.equal([status, err], [0, '']);
  assert.match(out, /^data {6}usual \(.*\): 288 training, 72 validation and 40 test rows of 4 features$/m);
  assert.match(
    out,
    /^scaling {3}standard, fitted to the 288 training examples; 1 never change and count nothing: site$/m,
  );
  assert.match(out, /^loss {6}of a row: squared error \(summed over 4 numbers\), of scaled numbers$/m);
  assert.match(out, /^features {2}root mean squared error .*; worst: (speed|heat, left|load) /m);
  assert.ok(fs.existsSync(path.join(trained, 'features.svg')));
  assert.not(fs.existsSync(path.join(trained, 'reconstructions.png')));
  const { spec, config } = JSON.parse(fs.readFileSync(path.join(trained, 'run.json'), 'utf8'));
  assert.equal([spec.scaling.kind, spec.scaling.scale[3], spec.decoder.at(-1).activation], ['standard', 0, 'identity']);
  assert.equal([config.shape, config.features, config.validation], [[4], FEATURES, 0.2]);
});

test('a learned deviation is told at the end, in scaled numbers where each column has a scale', () => {
  const folder = at('learned');
  const args = ['--data', at('usual.csv'), '--variance', 'learned', '--hidden', '8', '--latent', '1', '--epochs', '3'];
  const { status, out, err } = run('train', ...args, '--out', folder);
  assert.equal([status, err], [0, '']);
  assert.match(out, /1 never change and lower the learned deviation; --drop leaves them out: site$/m);
  assert.match(
    out,
    /^loss {6}of a row: Gaussian NLL \(nats over 4 numbers, learned variance\) \+ KL \(nats over 1 dimension\), of scaled numbers$/m,
  );
  assert.match(
    out,
    /^sigma {5}[\d.]+ of scaled numbers \(standard\), times each column's scale in the data's units: the learned standard deviation/m,
  );
  const { spec, losses } = JSON.parse(fs.readFileSync(path.join(folder, 'run.json'), 'utf8'));
  assert.equal(spec.loss, { reconstruction: 'mse', klWeight: 1, variance: 'learned' });
  assert.equal(Object.keys(losses), ['loss', 'gaussian', 'kl']);
  const onward = run('train', '--resume', folder, '--epochs', '4');
  assert.equal([onward.status, onward.err], [0, '']);
  assert.match(onward.out, /^sigma {5}/m);
  const scored = run(
    'score',
    '--run',
    folder,
    '--data',
    at('mixed.csv'),
    '--by',
    'gaussian',
    '--out',
    at('learned-scores'),
  );
  assert.equal([scored.status, scored.err], [0, '']);
});

test('counts of a table are trained on as they are, and others refused', () => {
  const rows = Array.from({ length: 60 }, (_, row) => `${row % 3},${(7 * row) % 11},0`);
  fs.writeFileSync(at('counts.csv'), `a,b,c\n${rows.join('\n')}\n`);
  const args = ['--loss', 'poisson', '--hidden', '8', '--latent', '1', '--epochs', '2'];
  const { status, out, err } = run('train', '--data', at('counts.csv'), ...args, '--out', at('counts'));
  assert.equal([status, err], [0, '']);
  assert.match(out, /^loss {6}of a row: Poisson NLL \(nats over 3 numbers\) \+ KL/m);
  const refused = run('train', '--data', at('usual.csv'), ...args);
  assert.is(refused.status, 2);
  assert.match(refused.err, /usual\.train: -[\d.]+ \(example \d+\), but the poisson loss takes counts, numbers >= 0:/);
});

test('rows are scored: the odd ones stand out, with the feature that makes them odd', () => {
  const out = at('scores');
  const args = ['--run', trained, '--data', at('mixed.csv'), '--threshold', 'quantile:0.95', '--out', out];
  const { status, out: said, err } = run('score', ...args);
  assert.equal([status, err], [0, '']);
  assert.match(
    said,
    /^threshold .* \(the 0\.95 quantile of the scores of 72 validation rows of usual\): \d+ of 300 rows are odd$/m,
  );
  assert.match(
    said,
    /^ranking\.svg +ROC-AUC (1\.0000|0\.9\d+), average precision (1\.0000|0\.9\d+); 20 odd rows \(class 1\), 280 others$/m,
  );
  assert.match(said, /^oddest {4}row \d+ \(from 0\): loss .*; load /m);
  // Only of the rows that are scored: what was said of the run's data is not said again.
  assert.not.match(said, /held out/);
  const lines = fs.readFileSync(path.join(out, 'scores.csv'), 'utf8').trimEnd().split('\n');
  assert.equal([lines[0], lines.length], ['row,loss,mse,odd,label', 301]);
  const rows = lines.slice(1).map((line) => line.split(',').map(Number));
  assert.ok(
    rows.slice(0, 20).every(([, , , odd]) => odd === 1),
    'all of the odd rows are found',
  );
  const { shape, values } = decodeNpy(fs.readFileSync(path.join(out, 'scores.npy')), 'scores.npy');
  assert.equal(
    [shape, [...values].map((x, i) => Math.fround(rows[i]?.[1] ?? 0) === x).includes(false)],
    [[300], false],
  );
  const top = fs.readFileSync(path.join(out, 'top.csv'), 'utf8').split('\n');
  assert.is(top[0], 'rank,row,loss,label,feature,value,expected,share');
  assert.match(top[1] ?? '', /^1,\d+,[\d.]+,1,load,/);
  assert.ok(fs.existsSync(path.join(out, 'histogram.svg')));
});

test('one row by a pipe: its score alone on standard output, whatever the order of its columns', () => {
  const score = (input: string) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['harness/score.js', '--run', trained, '--data', '-', '--threshold', '1', ...on],
      { input, encoding: 'utf8' },
    );
    return { status, out: stdout, err: own(stderr) };
  };
  const bare = score('1,-5,0.1,7\n');
  assert.is(bare.status, 0, bare.err);
  assert.match(bare.out, /^row,loss,mse,odd\n0,[\d.e-]+,[\d.e-]+,[01]\n$/);
  assert.is(score('load,site,speed,other,"heat, left"\n0.1,7,1,99,-5\n').out, bare.out);
  const { status, err } = score('1,2\n');
  assert.is(status, 2);
  assert.match(
    err,
    /^error: standard input has rows of 2 numbers, must have the 4 of the model, or a first line with the names/m,
  );
});

test('the quantile is of rows that --limit and --validation left out of training', () => {
  const limited = at('limited');
  const model = ['--model', 'ae', '--hidden', '4', '--latent', '1', '--epochs', '1'];
  const held = ['--limit', '200', '--validation', '0.2'];
  assert.is(run('train', '--data', at('usual.csv'), ...model, ...held, '--out', limited).status, 0);
  const args = [
    '--run',
    limited,
    '--data',
    at('mixed.csv'),
    '--threshold',
    'quantile:0.9',
    '--out',
    at('limited-scores'),
  ];
  const { status, out, err } = run('score', ...args);
  assert.equal([status, err], [0, '']);
  assert.match(out, /quantile of the scores of 40 validation rows of usual\)/);
});

test('rows that are dropped for what they lack do not shift the numbers of the others', () => {
  const [head = '', ...lines] = fs.readFileSync(at('usual.csv'), 'utf8').trimEnd().split('\n');
  fs.writeFileSync(at('lacking.csv'), [head, lines[0], '1,,0,7', ...lines.slice(1, 3), ''].join('\n'));
  const out = at('lacking');
  const args = ['--run', trained, '--data', at('lacking.csv'), '--missing', 'drop', '--out', out];
  const { status, err } = run('score', ...args);
  assert.equal([status, err], [0, '']);
  const scored = fs.readFileSync(path.join(out, 'scores.csv'), 'utf8').trimEnd().split('\n');
  assert.equal(
    scored.map((line) => line.split(',')[0]),
    ['row', '0', '2', '3'],
  );
});

test('generate: reconstructions as a table in the data’s units, no pictures of what is none', () => {
  const out = at('generated');
  const { status, out: said, err } = run('generate', '--run', trained, '--out', out, '--count', '3');
  assert.equal([status, err], [0, '']);
  const lines = fs.readFileSync(path.join(out, 'reconstructions.csv'), 'utf8').trimEnd().split('\n');
  assert.equal([lines.length, lines[0]], [4, 'speed,"heat, left",load,site']);
  assert.ok(
    lines.slice(1).every((line) => line.endsWith(',7')),
    'what never changed is what it was',
  );
  assert.match(said, /^walk not made: rows of 4 features are no pictures$/m);
  assert.equal(fs.readdirSync(out).sort(), ['codes.npy', 'reconstructions.csv']);
});

test('generate: codes of all rows of another table', () => {
  const out = at('codes');
  const { status, err } = run('generate', '--run', trained, '--data', at('mixed.csv'), '--only', 'codes', '--out', out);
  assert.equal([status, err], [0, '']);
  assert.equal(decodeNpy(fs.readFileSync(path.join(out, 'codes.npy')), 'codes.npy').shape, [300, 1]);
  assert.is(decodeNpy(fs.readFileSync(path.join(out, 'labels.npy')), 'labels.npy').values[0], 1);
});

const REFUSED: [what: string, args: string[], message: RegExp][] = [
  [
    'scores of other rows',
    ['score', '--run', trained, '--data', 'digits'],
    /digits has images of 28x28 = 784 pixels, must have 4 as the model/,
  ],
  [
    'a page of a table',
    ['export', '--run', trained, '--html'],
    /--html: the model is of numbers, must be of images of bytes/,
  ],
  [
    'a scale for bytes',
    ['train', '--data', 'digits', '--limit', '64', '--scale', 'minmax'],
    /--scale minmax with images of bytes \(digits\)/,
  ],
  [
    'a range for rows',
    ['train', '--data', at('usual.csv'), '--range', '-1..1', '--loss', 'mse'],
    /--range -1\.\.1 with rows of features \(usual\)/,
  ],
  [
    'cross entropy of any numbers',
    ['train', '--data', at('usual.csv'), '--loss', 'bce'],
    /usual\.train: -?[\d.]+ \(example \d+\) when scaled \(standard\), but the bce loss takes numbers of 0\.\.1/,
  ],
];
for (const [what, [program = '', ...args], message] of REFUSED)
  test(`refused: ${what}`, () => {
    const adapter = program === 'export' ? [] : on;
    const { status, err } = runProgram(`harness/${program}.js`, [...args, ...adapter]);
    assert.is(status, 2, err);
    assert.match(err, message);
  });

test('colour images: pictures in colour, and the oddest of them', () => {
  const [count, side] = [60, 8];
  // Each image of one colour, brighter to the right.
  const pixels = Uint8Array.from({ length: count * side * side * 3 }, (_, i) => {
    const [image, column, channel] = [Math.floor(i / (side * side * 3)), Math.floor(i / 3) % side, i % 3];
    return channel === image % 3 ? 31 * column + 20 : 0;
  });
  fs.writeFileSync(at('colour.npy'), encodeNpy(pixels, [count, side, side, 3]));
  const [folder, scores] = [at('colour'), at('colour-scores')];
  const args = [
    '--data',
    at('colour.npy'),
    '--hidden',
    '16',
    '--latent',
    '2',
    '--epochs',
    '3',
    '--batch',
    '18',
    '--out',
    folder,
  ];
  const { status, out, err } = run('train', ...args);
  assert.equal([status, err], [0, '']);
  assert.match(out, /54 training and 6 test images, 8x8 in colour$/m);
  const picture = decode(fs.readFileSync(path.join(folder, 'reconstructions.png')));
  assert.equal([picture.channels, picture.depth], [3, 8]);
  const greys = (of: typeof picture) =>
    Array.from({ length: of.width * of.height }, (_, i) => of.data[3 * i] === of.data[3 * i + 1]).filter(Boolean)
      .length;
  assert.ok(greys(picture) < picture.width * picture.height, 'some of it is coloured');
  const scored = run(
    'score',
    '--run',
    folder,
    '--data',
    at('colour.npy'),
    '--iwae',
    '4',
    '--top',
    '3',
    '--out',
    scores,
  );
  assert.equal([scored.status, scored.err], [0, '']);
  assert.match(scored.out, /: 60 8x8 colour images$/m);
  assert.is(fs.readFileSync(path.join(scores, 'scores.csv'), 'utf8').split('\n')[0], 'row,loss,bce,kl,iwae');
  assert.is(decode(fs.readFileSync(path.join(scores, 'top.png'))).channels, 3);
});

test.run();
