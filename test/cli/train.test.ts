// harness/train.js as its users start it: a process, its output, its exit status and the folder it leaves. The images are
// 8x8 and the model is tiny, so that most of the time goes into starting Node and the adapter (LATENTGPU_ADAPTER,
// SwiftShader by default).
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decodeSafetensors, vae } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { duration } from '../../harness/lib/report/report.js';
import { ADAPTER, own, writeBars } from '../support/programs/programs.js';

const FILES = [
  'checkpoints',
  'loss.svg',
  'metrics.jsonl',
  'model.safetensors',
  'reconstructions.png',
  'run.json',
  'samples.png',
];
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-train-'));
const data = path.join(scratch, 'data');

writeBars(data);

const SMALL = ['--adapter', ADAPTER, '--data', data, '--hidden', '6', '--latent', '3', '--batch', '8'];

interface Ended {
  status: number | null;
  signal: string | null;
  out: string;
  err: string;
}

/** Starts train.js; `ended` never rejects. */
function start(args: string[], env: Record<string, string> = {}): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['harness/train.js', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 100_000,
    killSignal: 'SIGKILL',
  });
  const text = { out: '', err: '' };
  child.stdout?.on('data', (bytes) => {
    text.out += bytes;
  });
  child.stderr?.on('data', (bytes) => {
    text.err += bytes;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal, out: text.out, err: own(text.err) }));
  });
  return { child, ended };
}
const run = (args: string[], env?: Record<string, string>) => start(args, env).ended;

let folders = 0;
const newFolder = () => path.join(scratch, `run-${folders++}`);
const json = (folder: string) => JSON.parse(fs.readFileSync(path.join(folder, 'run.json'), 'utf8'));
const metrics = (folder: string) =>
  fs
    .readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a run: what it prints and what it leaves', async () => {
  const out = newFolder();
  const {
    status,
    err,
    out: printed,
  } = await run([...SMALL, '--epochs', '3', '--seed', '5', '--lr', '0.01', '--out', out]);
  assert.is(err, '');
  assert.is(status, 0);
  const lines = printed.trimEnd().split('\n');
  assert.is(lines.length, 11, printed);
  assert.is(lines[0], `data      data (${data}): 36 training and 10 test images, 8x8`);
  assert.match(lines[1] ?? '', /^adapter {3}\S/);
  assert.match(lines[2] ?? '', /^model {5}vae 64-6-3-6-64: \d\d\d parameters, \d+ dispatches a step$/);
  assert.is(lines[3], 'loss      of an image: BCE (nats over 64 numbers) + KL (nats over 3 dimensions)');
  assert.is(lines[4], 'training  3 epochs of 5 steps; batch 8, adam, lr 0.01, seed 5');
  assert.match(lines[5] ?? '', /^started {3}the first step was done after \d+(\.\d)? s$/);
  assert.match(
    lines[8] ?? '',
    /^epoch 3\/3 {2}step 15 {2}train \d+\.\d+ nats \(BCE \d+\.\d+ \+ KL \d+\.\d+\) {2}test \d+\.\d+ .* steps\/s$/,
  );
  assert.match(lines[9] ?? '', /^code {6}\d of 3 dimensions are used, \d+\.\d+ nats together/);
  assert.is(lines[10]?.replace(/: .*/, ''), `written to ${out}`);
  assert.equal(lines[10]?.replace(/.*: /, '').split(' ').sort(), FILES);
  assert.equal(fs.readdirSync(out).sort(), FILES);

  const { config, spec, losses, adapter, versions, dispatchesPerStep, parameters, seconds } = json(out);
  assert.equal(config, {
    model: 'vae',
    specFile: null,
    data: 'data',
    dataFrom: data,
    dataChoice: data,
    limit: 36,
    limitGiven: null,
    labelled: false,
    shape: [8, 8],
    numbers: 'pixels',
    pixelTable: null,
    features: null,
    classes: null,
    reading: {},
    table: null,
    validation: null,
    epochs: 3,
    steps: null,
    pretrain: null,
    clipNorm: null,
    klWarmup: 0,
    reduction: 'mean',
    precision: 'f32',
    batch: 8,
    lr: 0.01,
    seed: 5,
    optimizer: { kind: 'adam', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
    schedule: { kind: 'constant', warmup: 0 },
    out,
    adapter: ADAPTER,
  });
  assert.equal(spec, vae({ pixels: 64, hidden: [6], latent: 3 }));
  assert.equal(losses, { loss: { unit: 'nats' }, bce: { weight: 1, unit: 'nats' }, kl: { weight: 1, unit: 'nats' } });
  assert.type(adapter.name, 'string');
  assert.equal(Object.keys(versions), ['latentgpu', 'webgpu', 'node']);
  assert.ok(dispatchesPerStep >= 1 && dispatchesPerStep <= 24, `${dispatchesPerStep} dispatches`);
  assert.ok(seconds > 0);

  const tensors = decodeSafetensors(fs.readFileSync(path.join(out, 'model.safetensors')));
  const values = [...tensors.values()].reduce((sum, tensor) => sum + tensor.values.length, 0);
  assert.is(values, parameters);
  assert.equal(tensors.get('encoder.0.weight')?.shape, [6, 64]);
});

test('metrics.jsonl: a line an epoch, the fields and nothing else; a line for a part of an epoch', async () => {
  const out = newFolder();
  const { status, out: printed } = await run([...SMALL, '--steps', '7', '--out', out]);
  assert.is(status, 0);
  const lines = metrics(out);
  assert.equal(
    lines.map((line) => [line.epoch, line.step]),
    [
      [1, 5],
      [2, 7],
    ],
  );
  for (const line of lines) {
    assert.equal(Object.keys(line), ['epoch', 'step', 'train', 'test', 'seconds', 'stepsPerSecond']);
    for (const part of [line.train, line.test]) {
      assert.equal(Object.keys(part), ['loss', 'bce', 'kl']);
      assert.ok(Math.abs(part.loss - part.bce - part.kl) < 1e-6 * part.loss, JSON.stringify(part));
    }
    assert.ok(line.seconds > 0 && line.stepsPerSecond > 0);
  }
  // Untrained: 64 pixels of ln 2 nats each.
  assert.ok(Math.abs(lines[0].train.loss - 64 * Math.LN2) < 3, `first loss ${lines[0].train.loss}`);
  assert.match(printed, /\ntraining {2}7 steps, 5 an epoch;/);
  assert.match(printed, /\nepoch 2\/2 \(part\) {2}step 7 /);
  assert.is(json(out).config.epochs, 2);
});

/** Holds a program up before it does anything, for longer than it then takes to its first step. */
const LATE_SECONDS = 5;
const LATE = {
  NODE_OPTIONS: `--import="data:text/javascript,Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0,${1000 * LATE_SECONDS})"`,
};

test('the first step: how long after the start of the program it was done, once; of a run that goes on, its own', async () => {
  const check = async (out: string, args: string[], next: string, env = {}) => {
    const began = performance.now();
    const { err, out: printed } = await run(args, env);
    const most = (performance.now() - began) / 1000;
    assert.is(err, '');
    const { firstStepSeconds } = json(out);
    assert.ok(
      firstStepSeconds > (env === LATE ? LATE_SECONDS : 0) && firstStepSeconds < most,
      `${firstStepSeconds} of ${most} s`,
    );
    const line = `started   the first step was done after ${duration(firstStepSeconds)}\n`;
    assert.is(printed.split('started ').length, 2, printed);
    assert.ok(printed.includes(`\n${line}${next}`), `${line}${printed}`);
  };
  const out = newFolder();
  await check(out, [...SMALL, '--epochs', '2', '--out', out], 'epoch 1/2 ', LATE);
  await check(out, ['--resume', out, '--epochs', '3'], 'epoch 3/3 ');
  const { status, out: printed } = await run(['--resume', out]);
  assert.is(status, 0);
  assert.not.match(printed, /started/);
  assert.is(json(out).firstStepSeconds, undefined, 'of a program without a step');
  const layers = newFolder();
  await check(layers, [...SMALL, '--model', 'stacked', '--epochs', '1', '--out', layers], 'layer 1 of 2  epoch 1/');
});

test('--quiet prints nothing', async () => {
  const out = newFolder();
  assert.equal(await run([...SMALL, '--epochs', '1', '--quiet', '--out', out]), {
    status: 0,
    signal: null,
    out: '',
    err: '',
  });
  assert.equal(fs.readdirSync(out).sort(), FILES);
});

test('--summary prints the layers, --plan those and the dispatches, neither leaves a folder; --help prints the flags', async () => {
  const out = newFolder();
  const summary = await run([...SMALL, '--summary', '--out', out]);
  assert.equal([summary.status, summary.err], [0, '']);
  assert.match(
    summary.out,
    /^name +layer +output +parameters\nencoder\.0 +linear, relu .*\n[\d,]+ parameters, [\d.]+ MB\n$/s,
  );
  const plan = await run([...SMALL, '--plan', '--out', out]);
  assert.equal([plan.status, plan.err], [0, '']);
  assert.ok(plan.out.startsWith(`${summary.out}\n`));
  assert.match(plan.out, /MFLOP/);
  assert.not(fs.existsSync(out));
  const help = await run(['--help']);
  assert.equal([help.status, help.err], [0, '']);
  assert.match(help.out, /usage: node harness\/train\.js/);
});

/** Starts a run that would take for ever and waits until its first epoch is on the disk. */
async function started() {
  const out = newFolder();
  const { child, ended } = start([...SMALL, '--epochs', '1000000', '--out', out]);
  let gone = false;
  ended.then(() => {
    gone = true;
  });
  while (!gone && !fs.existsSync(path.join(out, 'metrics.jsonl')))
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  return { out, child, ended };
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  test(`${signal} stops after the step, writes everything and exits ${status}`, async () => {
    const { out, child, ended } = await started();
    child.kill(signal);
    const end = await ended;
    assert.equal([end.status, end.err], [status, '']);
    assert.match(end.out, /\nstopping after this step, /);
    assert.match(end.out, /\nwritten to /);
    assert.equal(fs.readdirSync(out).sort(), FILES);
    const last = metrics(out).at(-1);
    assert.ok(last.epoch === Math.ceil(last.step / 5), JSON.stringify(last));
  });

test('a second signal ends it at once', async () => {
  const { out, child, ended } = await started();
  child.stdout?.on('data', (bytes) => {
    if (String(bytes).includes('stopping after this step')) child.kill('SIGTERM');
  });
  child.kill('SIGINT');
  assert.equal([(await ended).signal, (await ended).err], ['SIGTERM', '']);
  assert.not(fs.existsSync(path.join(out, 'model.safetensors')));
});

test('a reader that goes away changes nothing but what is printed', async () => {
  const out = newFolder();
  const { child, ended } = start([...SMALL, '--epochs', '3', '--out', out]);
  child.stdout?.once('data', () => child.stdout?.destroy()); // as `| head -1` does
  assert.equal([(await ended).status, (await ended).err], [0, '']);
  assert.equal(fs.readdirSync(out).sort(), FILES);
  assert.is(metrics(out).length, 3);
});

test('a log on a full disk costs lines, and nothing else', async () => {
  const out = newFolder();
  const full = fs.openSync('/dev/full', 'w');
  const child = spawn(process.execPath, ['harness/train.js', ...SMALL, '--epochs', '2', '--out', out], {
    stdio: ['ignore', full, full],
  });
  fs.closeSync(full);
  assert.is(await new Promise((resolve) => child.on('close', resolve)), 0);
  assert.equal(fs.readdirSync(out).sort(), FILES);
});

test('a loss that is not a number: one line, status 1, what is known is written', async () => {
  const out = newFolder();
  const { status, err } = await run([...SMALL, '--lr', '1e30', '--epochs', '3', '--out', out]);
  assert.match(
    err,
    /^error: the loss of step \d+ is not a finite number .*; no weights are kept, as none were good\n$/,
  );
  assert.is(status, 1);
  assert.match(json(out).error, /is not a finite number/);
});

const taken = path.join(scratch, 'taken');
fs.mkdirSync(taken);
fs.writeFileSync(path.join(taken, 'run.json'), '{}');

const refused: [string, string[], RegExp][] = [
  ['a negative rate', ['--lr', '-1'], /--lr is -1, must be a finite number above 0/],
  ['a flag of another model', ['--l1', '1'], /--l1 with --model vae \(the default\): .*; use --model sparse, or leave/],
  [
    'labels that are not there',
    ['--model', 'conditional-vae'],
    /--model conditional-vae with data that have no labels/,
  ],
  ['a warm-up longer than the run', ['--lr-warmup', '5'], /--lr-warmup 5 is not less than the run's 5 steps/],
  ['an unknown flag', ['--epoch', '3'], /--epoch: unknown; did you mean --epochs/],
  ['data that are not there', ['--data', 'nowhere'], /--data nowhere does not exist, must be one of mnist, /],
  ['a batch larger than the data', ['--batch', '37'], /--batch 37 is larger than the data: 36 training examples/],
  ['a batch larger than the limit', ['--limit', '7', '--batch', '8'], /--batch 8 is larger than the data: 7 training/],
  ['an adapter that is not there', ['--adapter', 'abacus'], /abacus/],
  ['a model that is too large', ['--hidden', '30000000'], /--hidden|limit|maxStorageBufferBindingSize|maxBufferSize/],
];
for (const [what, flags, message] of refused)
  test(`refused in one line, status 2, no folder: ${what}`, async () => {
    const out = newFolder();
    const rest = SMALL.flatMap((word, at) =>
      at % 2 === 0 && !flags.includes(word) ? [word, SMALL[at + 1] ?? ''] : [],
    );
    const { status, err } = await run([...rest, ...flags, '--epochs', '1', '--out', out].filter(Boolean));
    assert.match(err, /^error: [^\n]+\n$/);
    assert.match(err, message);
    assert.is(status, 2);
    assert.not(fs.existsSync(out));
  });

test('an output folder that holds a run is refused and left alone', async () => {
  const { status, err } = await run([...SMALL, '--out', taken]);
  assert.is(err, `error: --out ${taken} holds a run already, must be a new or empty folder; name another\n`);
  assert.is(status, 2);
  assert.equal(fs.readdirSync(taken), ['run.json']);
});

test('an output folder under a file is refused', async () => {
  const { status, err } = await run([...SMALL, '--out', path.join(taken, 'run.json', 'deeper')]);
  assert.match(
    err,
    /^error: --out .* cannot be used \(.*run\.json is a file\), must be a folder you may write; name another\n$/,
  );
  assert.is(status, 2);
});

test('without a network: the mirror, the reason and what is taken instead', async () => {
  const env = {
    LATENTGPU_DATA_CACHE: scratch,
    LATENTGPU_DATA_SYSTEM: scratch,
    LATENTGPU_DATA_MIRROR: 'http://127.0.0.1:1',
  };
  const small = SMALL.filter((word) => word !== '--data' && word !== data);
  const { status, out, err } = await run([...small, '--limit', '8', '--steps', '1', '--quiet', '--plan'], env);
  assert.equal([status, err], [0, '']);
  assert.match(out, /MFLOP/);
  const explicit = await run([...small, '--data', 'mnist', '--out', newFolder()], env);
  assert.is(explicit.status, 2);
  assert.match(
    explicit.err,
    /^error: cannot download http:\/\/127\.0\.0\.1:1\/mnist\/train-images.*use --data digits\n$/,
  );
});

test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
test.run();
