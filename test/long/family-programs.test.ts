// harness/train.js for each member of the family: what it says about the model and its loss, and the files it leaves.
// Images are 8x8 and models tiny, one process a model; what the numbers are worth is tested in test/train.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decode } from 'fast-png';
import { ae, decodeSafetensors, denoising, type ModelSpec, sparse, validateSpec } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ADAPTER, runProgram, writeBars } from '../support/programs/programs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-family-'));
const data = path.join(scratch, 'data');
const CLASSES = 3;

writeBars(data, { classes: CLASSES });

let folders = 0;
function run(...flags: string[]) {
  const out = path.join(scratch, `run-${folders++}`);
  const args = ['--adapter', ADAPTER, '--data', data, '--batch', '8', ...flags, '--out', out];
  const { status, err, out: printed } = runProgram('harness/train.js', args);
  return { status, err, printed, out };
}
const SIZES = ['--hidden', '6', '--latent', '3'];
const json = (out: string) => JSON.parse(fs.readFileSync(path.join(out, 'run.json'), 'utf8'));
const metrics = (out: string) =>
  fs
    .readFileSync(path.join(out, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const FILES = ['checkpoints', 'loss.svg', 'metrics.jsonl', 'model.safetensors', 'reconstructions.png', 'run.json'];
/** How many images a picture holds: 8 pixels are drawn 11 times as large, with a gap of 2. */
function cells(out: string, name: string): [across: number, down: number] {
  const { width, height } = decode(fs.readFileSync(path.join(out, name)));
  return [(width - 2) / 90, (height - 2) / 90];
}

interface Member {
  flags: string[];
  /** Pictures besides the reconstructions, with their images across and down. */
  pictures: Record<string, [number, number]>;
  /** The line about the loss. */
  loss: string;
  /** What metrics.jsonl tells. */
  terms: string[];
}

const members: Record<string, Member> = {
  'beta-vae': {
    flags: ['--beta', '2', '--warmup', '0.4', '--schedule', 'cosine', ...SIZES],
    pictures: { 'samples.png': [8, 8] },
    loss: 'BCE (nats over 64 numbers) + 2 x KL (nats over 3 dimensions)',
    terms: ['bce', 'kl'],
  },
  'conditional-vae': {
    flags: ['--loss', 'mse', '--variance', '0.1', ...SIZES],
    pictures: { 'samples.png': [8, CLASSES] },
    loss: '5 x squared error (summed over 64 numbers) + KL (nats over 3 dimensions)',
    terms: ['mse', 'kl'],
  },
  ae: {
    flags: ['--loss', 'mse', '--range', '-1..1', '--activation', 'elu', '--init', 'xavier', ...SIZES],
    pictures: {},
    loss: 'squared error (summed over 64 numbers)',
    terms: ['mse'],
  },
  linear: {
    flags: ['--latent', '3', '--optimizer', 'sgd', '--lr', '0.001', '--momentum', '0.9', '--nesterov'],
    pictures: {},
    loss: 'squared error (summed over 64 numbers)',
    terms: ['mse'],
  },
  sparse: {
    flags: ['--rho', '0.1', '--sparsity-weight', '3', '--optimizer', 'adamw', '--clip', '1', ...SIZES],
    pictures: {},
    loss: 'BCE (nats over 64 numbers) + 3 x sparsity (nats over 3 dimensions)',
    terms: ['bce', 'sparsity'],
  },
  denoising: {
    flags: ['--noise', 'mask:0.25', '--optimizer', 'rmsprop', '--lr-warmup', '3', ...SIZES],
    pictures: { 'denoised.png': [8, 3] },
    loss: 'BCE (nats over 64 numbers)',
    terms: ['bce'],
  },
};

for (const [name, { flags, pictures, loss, terms }] of Object.entries(members))
  test(`--model ${name}: lines and files`, () => {
    const { status, err, printed, out } = run('--model', name, ...flags, '--steps', '7');
    assert.equal([err, status], ['', 0]);
    const lines = printed.split('\n');
    assert.match(lines[2] ?? '', new RegExp(`^model     ${name} 64-(6-)?3-(6-)?64: `));
    assert.is(lines[3], `loss      of an image: ${loss}`);
    assert.equal(fs.readdirSync(out).sort(), [...FILES, ...Object.keys(pictures)].sort());
    assert.equal(cells(out, 'reconstructions.png'), [8, 2]);
    for (const [picture, size] of Object.entries(pictures)) assert.equal(cells(out, picture), size, picture);

    const { config, spec, losses, parameters } = json(out);
    validateSpec(spec);
    assert.is(config.model, name);
    assert.equal(Object.keys(losses), ['loss', ...terms]);
    const epochs = metrics(out);
    assert.equal(
      epochs.map(({ epoch, step }) => [epoch, step]),
      [
        [1, 5],
        [2, 7],
      ],
    );
    for (const { train, test: after } of epochs)
      for (const part of [train, after]) {
        assert.equal(Object.keys(part), ['loss', ...terms]);
        const sum = terms.reduce((total, term) => total + losses[term].weight * part[term], 0);
        assert.ok(Math.abs(sum - part.loss) <= 1e-9 * Math.abs(sum), `${part.loss} is not ${sum}`);
      }
    const tensors = decodeSafetensors(fs.readFileSync(path.join(out, 'model.safetensors')));
    assert.is(
      [...tensors.values()].reduce((total, { values }) => total + values.length, 0),
      parameters,
    );
  });

test('what changes over a run is in run.json in steps', () => {
  // The first and the last member above; one epoch is 5 steps.
  const [beta, , , , , last] = Array.from({ length: folders }, (_, at) => json(path.join(scratch, `run-${at}`)).config);
  assert.equal([beta.klWarmup, beta.schedule], [2, { kind: 'cosine', steps: 7, floor: 0, warmup: 0 }]);
  assert.equal([last.optimizer.kind, last.lr, last.schedule.warmup], ['rmsprop', 0.01, 3]);
});

test('--model stacked: each layer alone, then the whole', () => {
  const sizes = ['--hidden', '7,6', '--latent', '3'];
  const { status, err, printed, out } = run('--model', 'stacked', ...sizes, '--pretrain-steps', '6', '--steps', '7');
  assert.equal([err, status], ['', 0]);
  assert.match(printed, /\npretrain {2}each layer alone first: 2 epochs, at most 6 steps\n/);
  const told = [...printed.matchAll(/^layer (\d) of 3 {2}epoch (\d)\/2( \(part\))? {2}step (\d) {2}train (\D+) /gm)];
  assert.equal(
    told.map(([, layer, epoch, , step, term]) => `${layer} ${epoch} ${step} ${term}`),
    [
      '1 1 5 BCE',
      '1 2 6 BCE',
      ...[2, 3].flatMap((layer) => [`${layer} 1 5 squared error`, `${layer} 2 6 squared error`]),
    ],
  );
  assert.match(printed, /\nepoch 2\/2 \(part\) {2}step 7 {2}train BCE [\d.]+ nats {2}test BCE /);
  assert.equal(fs.readdirSync(out).sort(), FILES);
  assert.equal(json(out).config.pretrain, { epochs: 2, steps: 6 });
  const lines = metrics(out);
  assert.equal(
    lines.map(({ layer, layers, epoch }) => [layer, layers, epoch]),
    [
      ...[1, 2, 3].flatMap((layer) => [1, 2].map((epoch) => [layer, 3, epoch])),
      [undefined, undefined, 1],
      [undefined, undefined, 2],
    ],
  );
  assert.equal(Object.keys(lines[2].train), ['loss', 'mse']);
  // The plot is of the whole model's training: two epochs, training and test.
  const svg = fs.readFileSync(path.join(out, 'loss.svg'), 'utf8');
  assert.is(svg.split('aria-roledescription="point"').length - 1, 4);
});

/** A spec that no --model makes: sparse, denoising, of -1..1, three widths. */
const own64: ModelSpec = {
  ...ae({ pixels: 64, hidden: [9, 5], latent: 3, loss: 'mse', range: '-1..1', output: 'identity' }),
  ...{ corruption: denoising({ pixels: 64 }).corruption },
};
own64.code = { kind: 'deterministic', units: 3, activation: 'relu' };
own64.loss = { ...own64.loss, ...sparse({ pixels: 64, l1: 0.25, loss: 'mse' }).loss };

test('--spec trains what the file describes; its errors name the file', () => {
  const file = path.join(scratch, 'net.json');
  fs.writeFileSync(file, JSON.stringify(own64));
  const { status, err, printed, out } = run('--spec', file, '--steps', '5');
  assert.equal([err, status], ['', 0]);
  assert.match(printed, /\nmodel {5}net\.json 64-9-5-3-5-9-64: /);
  assert.match(
    printed,
    /\nloss {6}of an image: squared error \(summed over 64 numbers\) \+ 0\.25 x L1 \(sum of \|z\| over 3 dimensions\)\n/,
  );
  assert.equal(cells(out, 'denoised.png'), [8, 3]);
  const { spec, config } = json(out);
  assert.equal([spec, config.specFile, config.model], [own64, file, null]);

  fs.writeFileSync(file, JSON.stringify({ ...own64, code: { ...own64.code, units: 0 } }));
  const bad = run('--spec', file, '--steps', '5');
  assert.equal([bad.err, bad.status], [`error: ${file}: code.units: 0, must be a positive integer\n`, 2]);
  assert.not(fs.existsSync(bad.out));
});

test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
test.run();
