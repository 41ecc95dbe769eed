// harness/torch/train.py follows the engine: 20 steps of every loss, activation, optimizer, schedule and way of clipping, one
// process, with the engine's own batches and without noise, which is PyTorch's own; then ten steps there and ten back.
//
// Limits, relative L2 a tensor: each of the two is within 2e-6 of PyTorch in f64 (test/support/models/family-parity.ts derives that
// from the number of roundings, which f32 on a CPU has no more of), so they are within 4e-6 of one another; losses are means
// of f32 sums of at most 49 pixels and 16 images, and of parameters that differ by that: 1e-5. (Issue: 1e-4.)
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/dataset.js';
import type { ModelSpec } from '../../src/model/spec.js';
import type { TrainerOptions } from '../../src/train/options.js';
import type { Losses } from '../../src/train/step/metrics.js';
import { usesDevice } from '../support/device.js';
import { FAMILY_CASES } from '../support/models/family-reference.js';
import { readMetrics, readSnapshot, trained, writeCheckpoint, writeImages } from '../support/programs/torch.js';
import { closeLosses, closeTensors, type Setup, trainSteps, withTrainer } from '../support/training/training.js';

const STEPS = 20;
const PARAMETER_LIMIT = 4e-6;
const LOSS_LIMIT = 1e-5;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-torch-'));
const data = path.join(scratch, 'data');
const at = (name: string) => path.join(scratch, name.replaceAll(/\W+/g, '-'));
test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const first = FAMILY_CASES[0]?.setup.dataset as Dataset | undefined;
assert.ok(first);
writeImages(data, { train: first.train, t10k: first.test });

/** The same without noise: a deterministic code, and images as they are. */
function quiet({ code, corruption: _, loss, ...spec }: ModelSpec): ModelSpec {
  const { klWeight: _weight, freeBits: _free, capacity: _capacity, samples: _samples, ...others } = loss;
  const plain =
    code.kind === 'deterministic' ? code : ({ ...code, kind: 'deterministic', activation: 'identity' } as const);
  return { ...spec, code: plain, loss: others };
}

function initial(spec: ModelSpec): Setup['parameters'] {
  const plain = FAMILY_CASES.find(
    ({ setup }) => setup.spec.code.kind === 'deterministic' && setup.spec.classes === spec.classes,
  );
  const learned = FAMILY_CASES.find(({ setup }) => setup.spec.loss.variance === spec.loss.variance);
  const logSigma = learned?.setup.parameters.get('log_sigma');
  return new Map([...(logSigma ? ([['log_sigma', logSigma]] as const) : []), ...(plain?.setup.parameters ?? [])]);
}

interface Case {
  name: string;
  setup: Setup & { options: TrainerOptions };
}

/** Every case of the family of grey images, which harness/torch takes, without noise; cases that were the same but for it are one. */
const CASES: Case[] = [
  ...new Map(
    FAMILY_CASES.filter(({ setup }) => setup.dataset === first).map(
      ({ name, setup: { spec, dataset, options } }): [string, Case] => {
        const { klWarmup: _, ...plain } = options;
        const model = quiet(spec);
        const setup = { spec: model, dataset, options: plain, parameters: initial(model) };
        return [JSON.stringify([model, plain]), { name, setup }];
      },
    ),
  ).values(),
];

const optimizerOf = (snapshot: ReturnType<typeof readSnapshot>) =>
  new Map(
    [...snapshot.optimizer].flatMap(([state, tensors]) => [...tensors].map(([name, t]) => [`${state}.${name}`, t])),
  );

for (const { name, setup } of CASES)
  test(`${name}: ${STEPS} steps, and on from there in the engine`, () =>
    withTrainer(setup, async (trainer) => {
      const checkpoint = at(`${name}.safetensors`);
      writeCheckpoint(checkpoint, await trainer.snapshot(), data, STEPS);
      trained(checkpoint, '--out', at(name));
      const there = readSnapshot(at(name), STEPS);
      const reports = await trainSteps(trainer, STEPS);
      const here = await trainer.snapshot();
      closeTensors(there.parameters, here.parameters, PARAMETER_LIMIT, 'parameters');
      // Squares of gradients have twice the relative error; sums of gradients of either sign cancel.
      closeTensors(optimizerOf(there), optimizerOf(here), 10 * PARAMETER_LIMIT, 'what the optimizer keeps');
      const lines = readMetrics(at(name));
      assert.is(lines.length, reports.length);
      reports.forEach(({ epoch, step, train, test: tested }, index) => {
        const line = lines[index];
        assert.equal([line?.epoch, line?.step], [epoch, step]);
        closeLosses(line?.train as Losses, train, LOSS_LIMIT, `epoch ${epoch}, training`);
        closeLosses(line?.test as Losses, tested, LOSS_LIMIT, `epoch ${epoch}, test`);
      });
      assert.equal([there.step, there.epochs, there.epoch.images], [here.step, here.epochs, here.epoch.images]);
      await trainer.restore(there); // it fits
    }));

const BACK = [
  'adam, every number its own',
  'sgd, nesterov, weight decay',
  'rmsprop, momentum',
  'clipped, adamw',
  'cosine schedule, floor, warm-up, adamw',
];
for (const { name, setup } of CASES.filter((one) => BACK.includes(one.name)))
  test(`${name}: ten steps here, ten there, ten here are thirty here`, () =>
    withTrainer(setup, async (trainer) => {
      await trainSteps(trainer, 10);
      const checkpoint = at(`ten ${name}.safetensors`);
      writeCheckpoint(checkpoint, await trainer.snapshot(), data, 20);
      trained(checkpoint, '--out', at(`ten ${name}`));
      const back = readSnapshot(at(`ten ${name}`), 20);
      await trainSteps(trainer, 20);
      const want = await trainer.snapshot();
      await trainer.restore(back);
      await trainSteps(trainer, 10);
      closeTensors((await trainer.snapshot()).parameters, want.parameters, PARAMETER_LIMIT, 'parameters');
    }));
test('every case that goes there and back is there', () =>
  assert.is(CASES.filter(({ name }) => BACK.includes(name)).length, BACK.length));

usesDevice(test);
test.run();
