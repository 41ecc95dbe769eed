// What a program prints while it works: the bar on a terminal, plain lines elsewhere, nothing with --quiet; and how it
// describes its failures.
import { Writable } from 'node:stream';
import type { EpochReport, Progress } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describeFailure } from '../../harness/lib/fail.js';
import { duration, Report } from '../../harness/lib/report.js';
import { chooseEpochs, defaultOut, describeAdapter } from '../../harness/lib/train.js';

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
  report.start();
  for (let step = 470; step < 500; step++) {
    now += 1000;
    report.progress(progress(step));
  }
  report.epoch(epoch, 20);
  now += 9000;
  report.progress(progress(500));
  report.epoch({ ...epoch, complete: false }, 20);
  const line = (step: number) =>
    `  epoch 2/20  step ${step}/9380 loss 306.1 (BCE 294.5 + KL 11.6) 85.2 steps/s 1m44s left\n`;
  const last = 'step 469  train 306.1 (BCE 294.5 + KL 11.6)  test 264.7 (BCE 250.0 + KL 14.7)  5.5 s, 1235 steps/s\n';
  assert.equal(written, [line(479), line(489), line(499), `epoch 1/20  ${last}`, `epoch 1/20 (part)  ${last}`]);
});

test('a terminal: a bar that never wraps, gone before each line', () => {
  for (const columns of [20, 80, 200]) {
    const { written, stream } = capture(columns);
    const report = new Report({ quiet: false, stream });
    report.progress(progress(4690));
    report.epoch(epoch, 20);
    const text = written.join('');
    const bar = written.find((part) => part.startsWith('epoch 2/20')) ?? '';
    assert.ok(bar.length > 10 && bar.length < columns, `${bar.length} of ${columns} columns: ${bar}`);
    if (columns === 200) assert.match(bar, /^epoch 2\/20 █{20}░{20} step 4690\/9380 loss 306.1 \(BCE .* 55 s left$/);
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
    report.start();
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
