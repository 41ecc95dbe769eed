// harness/torch/train.py in several processes: two equal one of twice the batch, whatever they must do together; and a job that
// loses a process, is stopped or cannot begin says so once and leaves a checkpoint that --resume takes.
//
// Limit, relative L2: two processes add up the same products as one in another order, so both are as far from exact as the
// other: 4e-6 between them (trajectory.test.ts).
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Images } from '../../src/data/dataset.js';
import { ae, conditionalVae, denoising, sparse, vae } from '../../src/model/presets.js';
import type { ModelSpec } from '../../src/model/spec.js';
import { createModel } from '../../src/train/model.js';
import type { TrainerOptions } from '../../src/train/options.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { FAMILY_CASES } from '../support/models/family-reference.js';
import { closeTensors } from '../support/models/tensors.js';
import {
  type Ended,
  readMetrics,
  readSnapshot,
  start,
  startProcesses,
  trained,
  trainPy,
  writeCheckpoint,
  writeImages,
} from '../support/programs/torch.js';

const LIMIT = 4e-6;
const STEPS = 20;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-processes-'));
const at = (...names: string[]) => path.join(scratch, ...names);
const data = at('data');
test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));

// 49 images in batches of 16: the last batch of an epoch has one, so that one of two processes has none of it.
const all = FAMILY_CASES[0]?.setup.dataset.train as Images;
const some = (count: number): Images => ({
  ...all,
  count,
  pixels: all.pixels.subarray(0, count * 49),
  ...(all.labels && { labels: all.labels.subarray(0, count) }),
});
const dataset = { name: 'reference', train: some(49), test: some(20) };
writeImages(data, { train: dataset.train, t10k: dataset.test });

/** A checkpoint of a model that has not been trained. */
async function fresh(name: string, spec: ModelSpec, options: TrainerOptions, steps = STEPS): Promise<string> {
  const model = await createModel(device, spec, { seed: 5 });
  const trainer = await createTrainer(model, dataset, { batch: 16, seed: 7, ...options });
  const file = at(`${name}.safetensors`);
  try {
    writeCheckpoint(file, await trainer.snapshot(), data, steps);
  } finally {
    trainer.dispose();
    model.dispose();
  }
  return file;
}

const SIZES = { pixels: 49, hidden: [12], latent: 6 };
const FOREVER = 1_000_000;

async function inTwo(args: readonly string[]): Promise<Ended[]> {
  return Promise.all((await startProcesses(2, args)).map(({ ended }) => ended));
}

/** The metrics without times, numbers to so many digits. */
const rounded = (folder: string, digits: number) =>
  JSON.stringify(
    readMetrics(folder).map((line) => ({ ...line, seconds: 0, stepsPerSecond: 0 })),
    (_, value) => (typeof value === 'number' ? Number(value.toPrecision(digits)) : value),
  );

const CASES: [string, ModelSpec, TrainerOptions][] = [
  ['mean', ae(SIZES), {}],
  ['sum, clipped', ae({ ...SIZES, loss: 'mse' }), { reduction: 'sum', clipNorm: 2, optimizer: 'sgd', lr: 1e-3 }],
  ["the batch's mean code", sparse({ ...SIZES, rho: 0.1, sparsityWeight: 3 }), {}],
  ['l1', sparse({ ...SIZES, l1: 0.3 }), { optimizer: { kind: 'rmsprop', momentum: 0.5 }, lr: 1e-4 }],
];
for (const [name, spec, options] of CASES)
  test(`${name}: two processes of 8 images a step are one of 16`, async () => {
    const from = await fresh(name, spec, options);
    const [two, one] = [at(`${name} two`), at(`${name} one`)];
    for (const { status, err } of await inTwo([from, '--out', two])) assert.equal([status, err], [0, '']);
    trained(from, '--out', one);
    closeTensors(readSnapshot(two, STEPS).parameters, readSnapshot(one, STEPS).parameters, LIMIT, 'parameters');
    assert.is(rounded(two, 4), rounded(one, 4));
  });

// Another noise moves the loss of so small a model by a few percent at most; noise or gradients of the wrong size by more.
const NOISE_SHARE = 0.03;
for (const [name, spec] of [
  ['vae', conditionalVae({ ...SIZES, classes: 3 })],
  ['denoising', denoising({ ...SIZES, corruption: { kind: 'saltpepper', amount: 0.2 } })],
] as const)
  test(`${name}: two processes, each with noise of its own, learn what one does`, async () => {
    const from = await fresh(name, spec, { lr: 3e-3 }, 80);
    const [two, one] = [at(`${name} two`), at(`${name} one`)];
    for (const { status, err } of await inTwo([from, '--out', two])) assert.equal([status, err], [0, '']);
    trained(from, '--out', one);
    const lossOf = (folder: string, line: number) =>
      (readMetrics(folder).at(line)?.test as { loss: number } | undefined)?.loss ?? Number.NaN;
    assert.ok(lossOf(two, -1) < lossOf(two, 0), 'it learns');
    const difference = Math.abs(lossOf(two, -1) / lossOf(one, -1) - 1);
    assert.ok(difference > 0 && difference < NOISE_SHARE, `${lossOf(two, -1)} in two, ${lossOf(one, -1)} in one`);
  });

test('torchrun: a process that is killed ends the job with one clear line and a checkpoint', async () => {
  const out = at('killed');
  const { ended } = start('torchrun', [
    // Python 3.11 and PyTorch 1.13 of Debian 12 fail at the default of these two.
    ...['--redirects', '1', '--tee', '1', '--log_dir', at('log')],
    ...['--nproc_per_node', '2', '--rdzv_backend', 'c10d', '--rdzv_endpoint', 'localhost:0', 'harness/torch/train.py'],
    ...[await fresh('killed', vae(SIZES), {}, FOREVER), '--out', out, '--checkpoint-every', '50'],
  ]);
  await until(() => fs.existsSync(path.join(out, 'checkpoints', 'step-000100.safetensors')));
  process.kill(await rankOf(1, out), 'SIGKILL');
  const { status, err } = await ended;
  assert.is(status, 1);
  const [said = '', ...more] = err.split('\n').filter((line) => line.startsWith('error: '));
  assert.equal(more, [], err);
  const told =
    /^error: another process of the job was lost after step (\d+) \(.+\); (\S+) is what the run goes on from: start it again as train\.py (\S+), or node harness\/train\.js --resume (\S+)$/;
  const [, step, newest = '', ...folders] = told.exec(said) ?? [];
  assert.equal(folders, [out, out], said);
  assert.is(path.basename(newest), `step-${String(step).padStart(6, '0')}.safetensors`);
  assert.ok(!fs.existsSync(path.join(out, '.lock')), 'the folder is free');
  const { state, error } = JSON.parse(fs.readFileSync(path.join(out, 'run.json'), 'utf8'));
  assert.is(state, 'failed');
  assert.match(error, /^another process of the job was lost after step \d+/);
  const last = Number(step) + 3;
  assert.match(trained(out, '--steps', `${last}`)[0] ?? '', new RegExp(`from step ${step} of ${last} `));
});

test('the process that writes is killed: the others say so, and the last checkpoint is gone on from', async () => {
  const out = at('first');
  const from = await fresh('first', vae(SIZES), {}, FOREVER);
  const [first, second] = await startProcesses(2, [from, '--out', out, '--checkpoint-every', '50']);
  assert.ok(first && second);
  await until(() => fs.existsSync(path.join(out, 'checkpoints', 'step-000100.safetensors')));
  first.child.kill('SIGKILL');
  const { status, err } = await second.ended;
  await first.ended;
  assert.is(status, 1);
  assert.match(
    err,
    /^error in process 1 of 2: another process of the job was lost after step \d+ \(.+\); the newest checkpoint of the run is what it goes on from: start it again\n$/,
  );
  const newest = fs.readdirSync(path.join(out, 'checkpoints')).filter((name) => name.endsWith('.safetensors'));
  const step = Number(/\d+/.exec(newest.sort().at(-1) ?? '')?.[0]);
  assert.match(trained(out, '--steps', `${step + 1}`)[0] ?? '', new RegExp(`from step ${step} of ${step + 1} `));
});

test('Ctrl-C in one of two processes stops both after the same step, with status 130 and everything written', async () => {
  const out = at('stopped');
  const [first, second] = await startProcesses(2, [await fresh('stopped', ae(SIZES), {}, FOREVER), '--out', out]);
  assert.ok(first && second);
  await until(() => /epoch 3\//.test(first.out()));
  first.child.kill('SIGINT');
  const [ended, other] = [await first.ended, await second.ended];
  assert.equal([ended.status, ended.err], [130, '']);
  assert.equal([other.status, other.err], [0, '']);
  assert.match(
    ended.out,
    /\nstopping after this step, then testing and writing the results \(once more stops at once\)\n/,
  );
  const { state, stoppedAt } = JSON.parse(fs.readFileSync(path.join(out, 'run.json'), 'utf8'));
  assert.is(state, 'stopped');
  assert.is(readSnapshot(out, stoppedAt).step, stoppedAt);
  assert.ok(fs.existsSync(path.join(out, 'model.safetensors')));
});

// print() writes a line and its end apart, and a signal is heard between any two writes.
test('Ctrl-C in the middle of a line that is printed is told on a line of its own', async () => {
  const hook = at('interrupting');
  fs.mkdirSync(hook);
  fs.writeFileSync(
    path.join(hook, 'sitecustomize.py'),
    [
      'import os, signal, sys',
      'written = sys.stdout.write',
      'def write(text):',
      '    written(text)',
      "    if text.startswith('epoch 3/'): os.kill(os.getpid(), signal.SIGINT)",
      'sys.stdout.write = write',
    ].join('\n'),
  );
  const args = [await fresh('interrupted', ae(SIZES), {}, FOREVER), '--out', at('interrupted')];
  const [only] = await startProcesses(1, args, { PYTHONPATH: `${hook}:harness/torch` });
  const { status, out, err } = (await only?.ended) as Ended;
  assert.equal([status, err], [130, '']);
  assert.match(out, /^stopping after this step, .+\)$/m);
});

// Taking the process group down hangs one job in some tens (harness/torch/processes.py). What cannot be waited for is seen by
// what Python does on its way there: it calls what was registered for its end.
test('a job of two leaves without taking its process group down, one process ends as Python does', async () => {
  const from = await fresh('left', ae(SIZES), {}, 2);
  const hook = at('hook');
  fs.mkdirSync(hook);
  fs.writeFileSync(
    path.join(hook, 'sitecustomize.py'),
    "import atexit, sys\natexit.register(lambda: sys.stderr.write('taken down'))\n",
  );
  for (const [count, want] of [
    [1, 'taken down'],
    [2, ''],
  ] as const)
    for (const { ended } of await startProcesses(count, [from, '--out', at(`left ${count}`)], {
      PYTHONPATH: `${hook}:harness/torch`,
    })) {
      const { status, err } = await ended;
      assert.equal([status, err], [0, want], `${count} processes`);
    }
});

test('what processes cannot accept is told once, and all end with status 2', async () => {
  const from = await fresh('refused', ae(SIZES), {});
  const nowhere = at('nowhere');
  const [first, second] = await inTwo([from, '--out', at('refused'), '--data', nowhere]);
  const told = `error: --data ${nowhere} does not exist, must be mnist, fashion-mnist or a folder of IDX files\n`;
  assert.equal([first?.status, first?.err, second?.status, second?.err], [2, told, 2, '']);
  assert.ok(!fs.existsSync(at('refused')));
  const [writer, other] = await inTwo([at('no.safetensors'), '--out', at('refused')]);
  assert.equal([writer?.status, other?.status, other?.err], [2, 2, '']);
  assert.match(writer?.err ?? '', /^error: .*no\.safetensors does not exist, must be the folder of a run of harness\//);
});

test('two programs in one folder: the second is refused', async () => {
  const out = at('claimed');
  const from = await fresh('claimed', ae(SIZES), {}, FOREVER);
  const [only] = await startProcesses(1, [from, '--out', out, '--checkpoint-every', '10']);
  assert.ok(only);
  await until(() => fs.existsSync(path.join(out, 'checkpoints', 'step-000010.safetensors')));
  const { status, err } = trainPy(out);
  assert.is(status, 2);
  const { pid } = only.child;
  assert.match(err, new RegExp(`^error: ${out} is in use by another program \\(process ${pid} on .+\\); name another`));
  only.child.kill('SIGTERM');
  assert.is((await only.ended).status, 143);
});

async function until(done: () => boolean): Promise<void> {
  const end = Date.now() + 120_000;
  while (!done()) {
    assert.ok(Date.now() < end, 'it takes too long');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The process of this rank whose arguments name the folder. */
async function rankOf(rank: number, folder: string): Promise<number> {
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      const [args, env] = ['cmdline', 'environ'].map((name) =>
        fs.readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0'),
      );
      if (args?.includes(folder) && env?.includes(`RANK=${rank}`)) return Number(pid);
    } catch {
      // it has ended, or is somebody else's
    }
  throw new Error(`no process of rank ${rank}`);
}

usesDevice(test);
test.run();
