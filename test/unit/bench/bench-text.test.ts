// The benchmark's tables, as text and as Markdown, and that nothing that was left out goes unsaid.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { benchText } from '../../../harness/lib/bench/bench-text.js';
import type { BenchReport } from '../../../harness/lib/bench/report.js';
import { figures, markdownTable, percent, plainTable } from '../../../harness/lib/report/table.js';

test('three figures, no exponent', () => {
  const told = [0, 0.000123, 0.0204, 2.34567, 23.4567, 234.567, 999.6, 1234567, Number.NaN].map(figures);
  assert.equal(told, ['0', '0.000123', '0.0204', '2.35', '23.5', '235', '1,000', '1,234,567', '-']);
  assert.equal([0.0123, 0.0994, 0.0996, 0.5, 1.21].map(percent), ['1.2%', '9.9%', '10%', '50%', '121%']);
});

const table = {
  head: ['name', 'ms'],
  rows: [
    ['a', '1.00'],
    ['longer', '12.3'],
  ],
  words: [0],
};

test('columns: words to the left, numbers to the right', () => {
  assert.is(plainTable(table), 'name      ms\na       1.00\nlonger  12.3');
});

test('Markdown: a rule under the head, numbers to the right, no bar inside a cell', () => {
  assert.is(markdownTable(table), '| name | ms |\n|---|---:|\n| a | 1.00 |\n| longer | 12.3 |');
  assert.match(markdownTable({ head: ['a'], rows: [['x|y']], words: [0] }), /\| x\\\|y \|/);
});

const spread = { median: 50, min: 40, max: 60 };
const report: BenchReport = {
  date: '2026-01-02T03:04:05.000Z',
  adapter: {
    name: 'a GPU',
    vendor: '',
    architecture: '',
    description: '',
    backend: 'vulkan',
    kind: 'hardware',
    software: false,
  },
  versions: { latentgpu: '0.1.0' },
  ceilingGflops: 100,
  precision: 'f16',
  steps: {
    rows: [
      {
        batch: 128,
        width: 2,
        layers: '',
        parameters: 1,
        dispatches: 23,
        flops: 1e9,
        steps: 10,
        ms: spread,
        imagesPerSecond: 2560,
        gflops: 20,
        share: 0.2,
        hostUs: 74,
        loss: { first: 544, checked: 500, last: 200 },
      },
    ],
    leftOut: [{ what: 'batch 4096, width x4', why: 'too long' }],
    nullHostUs: 51.7,
  },
  products: {
    rows: [
      {
        label: 'square',
        form: 'NT',
        m: 256,
        n: 256,
        k: 256,
        flops: 2 ** 25,
        variants: [
          { name: 'tiled', kernel: 'k', median: 900, gflops: 37, worst: 0.01, best: false, default: true, share: 0.37 },
          {
            name: 'subgroups 8',
            kernel: 'k',
            median: 300,
            gflops: 112,
            worst: 0.02,
            best: true,
            default: false,
            share: 1.12,
          },
        ],
        refused: [{ name: 'registers 8', reason: 'wrong: c[0, 0]' }],
      },
    ],
    leftOut: [{ what: 'square NT 4096x4096x4096', why: 'much too long' }],
  },
  peers: {
    model: 'conv-vae',
    batch: 128,
    rounds: 3,
    results: [
      {
        name: 'latentgpu',
        version: '0.1.0',
        device: 'a GPU',
        samples: [50],
        ms: spread,
        ratio: { median: 1, min: 1, max: 1 },
        loss: { first: 544, last: 200 },
        disagreement: 0,
      },
      {
        name: 'tfjs',
        version: '4.22.0',
        device: 'a GPU',
        samples: [300],
        ms: { median: 300, min: 290, max: 310 },
        ratio: { median: 6, min: 5, max: 7 },
        loss: { first: 545, last: 210 },
        disagreement: 1.2345e-4,
      },
    ],
    leftOut: [{ what: 'PyTorch', why: 'no Python here imports torch' }],
  },
  through: {
    rows: 2000,
    rounds: 3,
    results: [
      { name: 'evaluate', samples: [200], ms: spread, ratio: { median: 1, min: 1, max: 1 } },
      {
        name: 'scores',
        samples: [100],
        ms: { median: 100, min: 90, max: 110 },
        ratio: { median: 2, min: 1.5, max: 2.5 },
      },
    ],
    peakBytes: 500e6,
    rowBytes: 2000 * 784,
  },
  scaling: [
    {
      name: 'width x1',
      against: 'batch',
      points: [
        { x: 32, ms: 2 },
        { x: 64, ms: 4 },
      ],
      exponent: 1.234,
      line: { a: 0.5, b: 0.055 },
    },
  ],
};

test('every part, its notes, and all that was left out', () => {
  const text = benchText(report, false);
  const lines = text.split('\n').map((line) => line.replace(/ {2,}/g, '  ').trim());
  for (const line of [
    '128  x2  50.0  40.0..60.0  2,560  20.0  20%  74.0  544..200',
    'width x1  batch  32..64  2.00..4.00  1.23  0.500 + 0.0550 rows',
    'square  NT  256 x 256 x 256  tiled  900  37.0  37%  0.0100  default',
    'precision  f16: what matmuls read',
    'square  NT  256 x 256 x 256  subgroups 8  300  112  112%  0.0200  <- best',
    "checked  8 steps from the same weights without noise; losses differ from this engine's by at most: tfjs 1.2e-4",
    'tfjs 4.22.0  a GPU  300  290..310  6.00  5.00..7.00  545..210',
    'scores  100  90.0..110  20,000  2.00  1.50..2.50',
    'memory  500 MB at most, of it 1.57 MB the rows',
    'left out  batch 4096, width x4: too long',
    'left out  square NT 4096x4096x4096: much too long',
    'left out  PyTorch: no Python here imports torch',
    'refused  square NT 256 x 256 x 256 registers 8: wrong: c[0, 0]',
    "host  51.7 us a seed step on Dawn's null backend, 23 dispatches",
    'ceiling  100 GFLOP/s f32 multiply-add, measured at the beginning',
    'adapter  a GPU (vulkan)',
    'made  2026-01-02T03:04:05.000Z, latentgpu 0.1.0',
  ])
    assert.ok(lines.includes(line), `${line}\nis not in\n${lines.join('\n')}`);
  assert.not.match(text, /undefined|NaN/);
});

test('Markdown: as many cells in each row of a table, one row a product', () => {
  const text = benchText(report, true);
  const tables = text.split('\n\n').filter((part) => part.startsWith('|'));
  assert.is(tables.length, 5);
  for (const one of tables) {
    const cells = one.split('\n').map((line) => line.split('|').length);
    assert.is(new Set(cells).size, 1, one);
  }
  assert.match(
    text,
    /\| square \| NT \| 256 x 256 x 256 \| subgroups 8 \| 300 \| 112 \| 112% \| 3\.00 x \| 3\.00 x \|/,
  );
  assert.match(text, /left out {3}PyTorch/);
});

test.run();
