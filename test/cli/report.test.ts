// What a program prints while it works: the bar on a terminal, plain lines elsewhere, nothing with --quiet; and how it
// describes its failures.
import { Writable } from 'node:stream';
import {
  ae,
  type EpochReport,
  iwae,
  type Losses,
  linear,
  type ModelSpec,
  type Progress,
  sparse,
  vae,
} from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describeAdapter } from '../../harness/lib/report/describe.js';
import { describeLoss, figures, lossTerms, lossText } from '../../harness/lib/report/losses.js';
import { duration, Report } from '../../harness/lib/report/report.js';
import { describeFailure } from '../../harness/lib/run/fail.js';
import { chooseEpochs, chooseLength, choosePretraining } from '../../harness/lib/run/length.js';
import { defaultOut } from '../../harness/lib/run-folder/out.js';

/** A stream that keeps what is written, as a terminal of `columns` or as a file. */
function capture(columns?: number) {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  return { written, stream: Object.assign(stream, columns === undefined ? {} : { isTTY: true, columns }) };
}

const terms = lossTerms(vae());
const losses = { loss: 306.12, bce: 294.5, kl: 11.62 };
const progress = (step: number): Progress => ({
  epoch: 2,
  epochs: 20,
  step,
  stepsTotal: 9380,
  losses,
  recent: losses,
  stepsPerSecond: 85.249,
});
const epoch: EpochReport = {
  epoch: 1,
  step: 469,
  complete: true,
  train: losses,
  test: { loss: 264.7, bce: 250, kl: 14.7 },
  seconds: 5.5,
  stepsPerSecond: 1234.5,
};

test('plain: a line every ten seconds and one each epoch', () => {
  const { written, stream } = capture();
  let now = 50_000;
  const report = new Report({ quiet: false, stream, now: () => now });
  report.start(terms);
  for (let step = 470; step < 500; step++) {
    now += 1000;
    report.progress(progress(step));
  }
  report.epoch(epoch, 20);
  now += 9000;
  report.progress(progress(500));
  report.epoch({ ...epoch, complete: false }, 20);
  const line = (step: number) =>
    `  epoch 2/20  step ${step}/9380 loss 306.1 nats (BCE 294.5 + KL 11.62) 85.2 steps/s 1m44s left\n`;
  const last =
    'step 469  train 306.1 nats (BCE 294.5 + KL 11.62)  test 264.7 nats (BCE 250.0 + KL 14.70)  5.5 s, 1235 steps/s\n';
  assert.equal(written, [line(479), line(489), line(499), `epoch 1/20  ${last}`, `epoch 1/20 (part)  ${last}`]);
});

const told: [string, ModelSpec, Losses, string, string][] = [
  [
    'free bits and a capacity',
    vae({ latent: 8, freeBits: 0.5, capacity: 25 }),
    { loss: 110, bce: 100, kl: 10 },
    '110.0 nats (BCE 100.0 + KL 10.00)',
    'BCE (nats over 784 numbers) + KL (nats over 8 dimensions, at least 0.5 in each; its distance from 25)',
  ],
  [
    'an importance-weighted bound',
    iwae({ latent: 8 }),
    { loss: 106, bce: 100, kl: 5, importance: 1 },
    '106.0 nats (BCE 100.0 + KL 5.000 + importance 1.000)',
    'BCE (nats over 784 numbers) + KL (nats over 8 dimensions) + importance (nats, of 5 samples)',
  ],
  [
    'a beta-VAE',
    vae({ klWeight: 4 }),
    { loss: 140, bce: 100, kl: 10 },
    '140.0 nats (BCE 100.0 + 4 x KL 10.00)',
    'BCE (nats over 784 numbers) + 4 x KL (nats over 64 dimensions)',
  ],
  [
    'a term of weight 0',
    vae({ klWeight: 0 }),
    { loss: 100, bce: 100, kl: 10 },
    '100.0 nats (BCE 100.0 + 0 x KL 10.00)',
    'BCE (nats over 784 numbers) + 0 x KL (nats over 64 dimensions)',
  ],
  [
    'a linear one',
    linear(),
    { loss: 31.44, mse: 31.44 },
    'squared error 31.44',
    'squared error (summed over 784 numbers)',
  ],
  [
    'an L1 penalty',
    sparse({ l1: 0.1 }),
    { loss: 120.3, bce: 117.2, l1: 31 },
    '120.3 (BCE 117.2 nats + 0.1 x L1 31.00)',
    'BCE (nats over 784 numbers) + 0.1 x L1 (sum of |z| over 64 dimensions)',
  ],
  [
    'a target activation',
    sparse({ rho: 0.1 }),
    { loss: 120, bce: 117.2, sparsity: 2.8 },
    '120.0 nats (BCE 117.2 + sparsity 2.800)',
    'BCE (nats over 784 numbers) + sparsity (nats over 64 dimensions)',
  ],
  [
    'squared error and KL, which have no unit in common',
    vae({ loss: 'mse' }),
    { loss: 43, mse: 31.4, kl: 11.6 },
    '43.00 (squared error 31.40 + KL 11.60 nats)',
    'squared error (summed over 784 numbers) + KL (nats over 64 dimensions)',
  ],
  [
    'Gaussian pixels, whose squared error over a variance is in nats',
    vae({ loss: 'mse', variance: 0.03 }),
    { loss: 534.9, mse: 31.4, kl: 11.6 },
    '534.9 nats (16.67 x squared error 31.40 + KL 11.60 nats)',
    '16.67 x squared error (summed over 784 numbers) + KL (nats over 64 dimensions)',
  ],
  [
    'a learned variance, whose likelihood may be above 1',
    vae({ loss: 'mse', variance: 'learned' }),
    { loss: -812.3, gaussian: -823.9, kl: 11.6 },
    '-812.3 nats (Gaussian NLL -823.9 + KL 11.60)',
    'Gaussian NLL (nats over 784 numbers, learned variance) + KL (nats over 64 dimensions)',
  ],
  [
    'counts',
    ae({ loss: 'poisson' }),
    { loss: 21.5, poisson: 21.5 },
    'Poisson NLL 21.50 nats',
    'Poisson NLL (nats over 784 numbers)',
  ],
];
const SCALES: [value: number, text: string][] = [
  [543.21, '543.2'],
  [0.00012, '0.0001200'],
  [1.5e-9, '1.500e-9'],
  [0, '0.000'],
  [9999.4, '9999'],
  [12_345.6, '12346'],
  [3.2e38, '3.200e+38'],
  [Number.NaN, 'NaN'],
];
for (const [value, text] of SCALES)
  test(`a loss of ${value} has four figures: ${text}`, () => {
    assert.is(figures(value), text);
    assert.is(lossText({ loss: value, mse: value }, lossTerms(linear())), `squared error ${text}`);
  });

for (const [what, spec, values, line, description] of told)
  test(`a loss in words: ${what}`, () => {
    assert.is(lossText(values, lossTerms(spec)), line);
    assert.is(describeLoss(spec), description);
  });

test('pretraining says which layer it is at', () => {
  const { written, stream } = capture();
  const report = new Report({ quiet: false, stream, now: () => 0 });
  report.start(lossTerms(linear()));
  const mse = { loss: 8, mse: 8 };
  report.epoch({ ...epoch, train: mse, test: mse, layer: 1, layers: 4 }, 5);
  const at = 'layer 2 of 4  epoch 1/5  step 469';
  assert.equal(written, [`${at}  train squared error 8.000  test squared error 8.000  5.5 s, 1235 steps/s\n`]);
  const bar = capture(200);
  const terminal = new Report({ quiet: false, stream: bar.stream });
  terminal.start(lossTerms(linear()));
  terminal.progress({ ...progress(10), losses: mse, layer: 0, layers: 4 } as Progress);
  terminal.clear();
  assert.match(bar.written.join(''), /layer 1 of 4 {2}epoch 2\/20 .* loss squared error 8\.000 /);
});

test('a terminal: a bar that never wraps, gone before each line', () => {
  for (const columns of [20, 80, 200]) {
    const { written, stream } = capture(columns);
    const report = new Report({ quiet: false, stream });
    report.start(terms);
    report.progress(progress(4690));
    report.epoch(epoch, 20);
    const text = written.join('');
    const bar = written.find((part) => part.startsWith('epoch 2/20')) ?? '';
    assert.ok(bar.length > 10 && bar.length < columns, `${bar.length} of ${columns} columns: ${bar}`);
    if (columns === 200)
      assert.match(bar, /^epoch 2\/20 █{20}░{20} step 4690\/9380 loss 306\.1 nats \(BCE .* 55 s left$/);
    assert.match(text.slice(text.indexOf('epoch 1/20')), /^epoch 1\/20 {2}step 469 .* steps\/s\n$/);
    assert.ok(text.lastIndexOf('\x1b[2K') > text.lastIndexOf('epoch 2/20'), 'the bar is cleared');
  }
});

test('a download shows a bar on a terminal, nothing elsewhere', () => {
  const terminal = capture(80);
  const plain = capture();
  for (const { stream } of [terminal, plain]) {
    const report = new Report({ quiet: false, stream });
    report.download('train.gz', 5e6, 10e6);
    report.download('train.gz', 10e6, 10e6);
  }
  assert.match(terminal.written.join(''), /train\.gz █{20}░{20} 5\.0 of 10\.0 MB/);
  assert.equal(plain.written, []);
});

test('--quiet: nothing', () => {
  for (const { written, stream } of [capture(80), capture()]) {
    const report = new Report({ quiet: true, stream });
    report.say('a line');
    report.start(terms);
    report.progress(progress(1));
    report.download('file', 1, 2);
    report.epoch(epoch, 20);
    report.clear();
    assert.equal(written, []);
  }
});

test('durations', () => {
  const cases: [number, string][] = [
    [0, '0.0 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1m00s'],
    [106, '1m46s'],
    [3599.6, '1h00m'],
    [7380, '2h03m'],
  ];
  for (const [seconds, want] of cases) assert.is(duration(seconds), want, `${seconds}`);
});

test('epochs: as given, as many as --steps needs, else by the adapter', () => {
  const gpu = { software: false, stepsPerEpoch: 469 };
  const software = { software: true, stepsPerEpoch: 469 };
  assert.equal(chooseEpochs({ epochs: 3, steps: 9999 }, software), { epochs: 3, why: '' });
  assert.equal(chooseEpochs({ steps: 470 }, software), { epochs: 2, why: '' });
  assert.equal(chooseEpochs({}, gpu), { epochs: 20, why: 'the default on a GPU' });
  assert.equal(chooseEpochs({}, software), { epochs: 1, why: 'the default on a software adapter; 20 on a GPU' });
});

test('layers are pretrained for stacked models and on demand; by default no longer than --steps', () => {
  const gpu = { software: false, stepsPerEpoch: 100 };
  const software = { ...gpu, software: true };
  assert.is(choosePretraining({ model: 'vae' }, gpu), null);
  assert.is(choosePretraining({ model: 'stacked', pretrain: 0 }, gpu), null);
  assert.equal(choosePretraining({ model: 'stacked' }, gpu), { epochs: 5 });
  assert.equal(choosePretraining({ model: 'stacked' }, software), { epochs: 1 });
  assert.equal(choosePretraining({ model: 'stacked', steps: 250 }, software), { epochs: 3, steps: 250 });
  assert.equal(choosePretraining({ model: 'stacked', steps: 250, pretrain: 2 }, gpu), { epochs: 2 });
  assert.equal(choosePretraining({ pretrain: 2, 'pretrain-steps': 7 }, gpu), { epochs: 2, steps: 7 });
  assert.equal(choosePretraining({ 'pretrain-steps': 101 }, gpu), { epochs: 2, steps: 101 });
});

test('the length of a run in steps: whole epochs, or --steps', () => {
  const options = { batch: 8, seed: 0, adapter: 'auto', plan: false, summary: false, quiet: false, help: false };
  const length = (more: object) => chooseLength({ ...options, ...more }, { software: true, images: 36 });
  assert.equal(length({ epochs: 3 }), { batch: 8, epochs: 3, why: '', stepsPerEpoch: 5, steps: 15, pretraining: null });
  assert.is(length({ steps: 7 }).steps, 7);
  assert.is(length({ epochs: 1, steps: 7 }).steps, 5);
  const { batch, stepsPerEpoch } = length({ epochs: 1, batch: undefined });
  assert.equal([batch, stepsPerEpoch], [36, 1], 'the default batch is no larger than the data');
});

test('the default folder is named by local time and never taken', () => {
  const date = new Date(2025, 0, 2, 3, 4, 5);
  assert.is(
    defaultOut(date, () => false),
    'runs/2025-01-02_03-04-05',
  );
  const taken = ['runs/2025-01-02_03-04-05', 'runs/2025-01-02_03-04-05-2'];
  assert.is(
    defaultOut(date, (folder) => taken.includes(folder)),
    'runs/2025-01-02_03-04-05-3',
  );
});

for (const [what, name, description, software, line] of [
  ['a GPU, then its driver', 'NVIDIA H100', 'NVIDIA: 570.1', false, 'NVIDIA H100 (NVIDIA: 570.1, vulkan)'],
  ['a GPU that says no more', 'Apple M2', '', false, 'Apple M2 (vulkan)'],
  [
    'software by its driver, once',
    'llvmpipe: Mesa 25',
    'llvmpipe: Mesa 25',
    true,
    'llvmpipe: Mesa 25 (vulkan, software)',
  ],
] as const)
  test(`the adapter's line names ${what}`, () => {
    const kind = software ? 'lavapipe' : 'hardware';
    const rest = { vendor: '', architecture: '', backend: 'vulkan', kind } as const;
    assert.is(describeAdapter({ name, description, software, ...rest }), `adapter   ${line}`);
  });

test('a fault of ours keeps its stack; a full disk is one line', () => {
  const ours = describeFailure(new TypeError('x is not a function'), false);
  assert.is(ours.status, 1);
  assert.match(ours.text, /^TypeError: x is not a function\n {4}at /);
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  assert.equal(describeFailure(full, true), {
    text: 'error: ENOSPC: no space left on device, write; free or name another place',
    status: 1,
  });
});

test.run();
