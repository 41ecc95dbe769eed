// What a trainer does around its steps (src/train/trainer.ts): epochs and their reports, stopping and going on, settings
// as data, evaluation. The numbers of the steps themselves are held in pytorch.test.ts and plan-equivalence.test.ts, errors
// in trainer-refused.test.ts, memory in trainer-memory.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { firstImages } from '../../src/data/dataset.js';
import { ArgumentError } from '../../src/errors.js';
import { settingsFrom } from '../../src/train/options.js';
import { Evaluator } from '../../src/train/passes/evaluate.js';
import type { Progress } from '../../src/train/reports.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { uniforms } from '../support/limits/numbers.js';
import { DATASET, IMAGES, INITIAL, LOSSES, OPTIONS, SPEC } from '../support/models/reference.js';
import { Train64 } from '../support/oracle/train64.js';
import { LONG, POSITIVE, repeated, SETUP } from '../support/training/trainers.js';
import {
  closeLosses,
  closeTensors,
  firstGradients,
  modelOf,
  reportsOf,
  sameBits,
  trainSteps,
  withTrainer,
} from '../support/training/training.js';

/** Relative; of losses that are compared with f64 on the host, see plan-equivalence.test.ts. */
const LOSS_LIMIT = 3e-5;

// --- epochs and reports ------------------------------------------------------------------------------------------------

test('a report an epoch: its number, all its steps, the mean over its images, and the test set after it', () =>
  withTrainer(SETUP, async (trainer) => {
    assert.is(trainer.stepsPerEpoch, 4);
    const [first, second, ...more] = await reportsOf(trainer, { epochs: 2 });
    assert.equal(more, []);
    assert.equal([first?.epoch, first?.step, first?.complete], [1, 4, true]);
    assert.equal([second?.epoch, second?.step, second?.complete], [2, 8, true]);
    // 16, 16, 16 and 8 images: each image counts the same, so the last step counts half.
    const mean = (term: 'loss' | 'bce' | 'kl', from: number) =>
      [16, 16, 16, 8].reduce((sum, images, i) => sum + images * (LOSSES[from + i]?.[term] ?? Number.NaN), 0) / 56;
    const means = (from: number) => ({ loss: mean('loss', from), bce: mean('bce', from), kl: mean('kl', from) });
    closeLosses(first?.train, means(0), LOSS_LIMIT, 'epoch 1');
    closeLosses(second?.train, means(4), LOSS_LIMIT, 'epoch 2');
    assert.equal(second?.test, await trainer.evaluate(), 'the parameters have not changed since');
    assert.not.equal(first?.test, second?.test);
    for (const report of [first, second]) {
      assert.ok(report && report.seconds > 0);
      assert.ok(report && Math.abs(report.stepsPerSecond * report.seconds - 4) < 1e-9);
    }
    const later = await reportsOf(trainer, {});
    assert.equal(
      later.map(({ epoch, step }) => [epoch, step]),
      [[3, 12]],
    );
  }));

for (const [count, steps] of [
  [16, 1],
  [17, 2],
  [31, 2],
  [32, 2],
  [33, 3],
] as const)
  test(`${count} images, 16 a batch: ${steps} steps an epoch, the last with what is left, as PyTorch's DataLoader`, () => {
    const dataset = { ...DATASET, train: firstImages(IMAGES, count) };
    return withTrainer({ ...SETUP, dataset }, async (trainer) => {
      assert.is(trainer.stepsPerEpoch, steps);
      const oracle = new Train64(SPEC, INITIAL, { ...OPTIONS, images: dataset.train });
      const want = Array.from({ length: 2 * steps }, () => oracle.train().losses);
      const reports = await reportsOf(trainer, { epochs: 2 });
      const rows = Array.from({ length: steps }, (_, i) => Math.min(16, count - 16 * i));
      for (const [epoch, { train, step }] of reports.entries()) {
        assert.is(step, (epoch + 1) * steps);
        const bce = rows.reduce((sum, n, i) => sum + n * (want[epoch * steps + i]?.bce ?? Number.NaN), 0) / count;
        assert.ok(
          Math.abs((train.bce ?? Number.NaN) / bce - 1) < LOSS_LIMIT,
          `epoch ${epoch + 1}: bce ${train.bce}, want ${bce}`,
        );
      }
    });
  });

test('60,000 images, 128 a batch, are 469 steps', async () => {
  const tiny = await modelOf({ ...SPEC, inputs: 1, encoder: [], decoder: [{ units: 1, activation: 'sigmoid' }] });
  const images = (count: number) => ({ count, height: 1, width: 1, pixels: new Uint8Array(count) });
  const trainer = await createTrainer(tiny, { name: 'dots', train: images(60_000), test: images(1) });
  assert.is(trainer.stepsPerEpoch, 469);
  trainer.dispose();
});

test('steps: training stops after so many, in the middle of an epoch', () =>
  withTrainer(SETUP, async (trainer) => {
    const reports = await reportsOf(trainer, { epochs: 5, steps: 6 });
    assert.equal(
      reports.map(({ epoch, step, complete }) => [epoch, step, complete]),
      [
        [1, 4, true],
        [2, 6, false],
      ],
    );
    assert.is(trainer.step, 6);
    // The epoch that was left unfinished counts as one.
    const rest = await reportsOf(trainer, { epochs: 2 });
    assert.equal(
      rest.map(({ epoch, step, complete }) => [epoch, step, complete]),
      [
        [2, 8, true],
        [3, 12, true],
      ],
    );
  }));

test('progress: steps rise to the end that was announced; losses are the mean of the epoch so far', () =>
  withTrainer(SETUP, async (trainer) => {
    await trainSteps(trainer, 5);
    const seen: Progress[] = [];
    const [second, third] = await reportsOf(trainer, { epochs: 2, onProgress: (progress) => seen.push(progress) });
    assert.ok(seen.length >= 2);
    for (const [i, { epoch, epochs, step, stepsTotal, stepsPerSecond }] of seen.entries()) {
      assert.ok(step > (seen[i - 1]?.step ?? 5));
      assert.equal([epoch, epochs, stepsTotal], [step <= 8 ? 2 : 3, 3, 12]);
      assert.ok(stepsPerSecond > 0);
    }
    assert.is(seen.at(-1)?.step, 12);
    assert.equal(seen.at(-1)?.losses, third?.train);
    assert.equal(seen.findLast(({ epoch }) => epoch === 2)?.losses, second?.train);
  }));

// --- stopping and going on ---------------------------------------------------------------------------------------------

test('abort: stops after the steps under way, yields their report, and the next call goes on with the epoch', async () => {
  const unbroken = await withTrainer({ ...SETUP, dataset: LONG }, async (trainer, model) => {
    await reportsOf(trainer, {});
    return model.parameters();
  });
  await withTrainer({ ...SETUP, dataset: LONG }, async (trainer, model) => {
    const controller = new AbortController();
    const reports = await reportsOf(trainer, {
      epochs: 3,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    assert.is(reports.length, 1);
    const [report] = reports;
    assert.ok(report && report.step >= 1 && report.step < 28, `stopped at step ${report?.step}`);
    assert.equal([report?.epoch, report?.complete, report?.step], [1, false, trainer.step]);
    assert.ok(report && Number.isFinite(report.test.loss));
    const rest = await reportsOf(trainer, {});
    assert.equal(
      rest.map(({ epoch, step, complete }) => [epoch, step, complete]),
      [[1, 28, true]],
    );
    assert.ok(sameBits(await model.parameters(), unbroken), 'stopping changes nothing');
  });
});

test('a signal that is aborted already: nothing is trained, nothing is reported', () =>
  withTrainer(SETUP, async (trainer, model) => {
    assert.equal(await reportsOf(trainer, { signal: AbortSignal.abort() }), []);
    assert.is(trainer.step, 0);
    assert.ok(
      sameBits(
        await model.parameters(),
        new Map([...(await model.parameters()).keys()].map((name) => [name, INITIAL.get(name) ?? { values: [] }])),
      ),
    );
  }));

test('a run in pieces equals an unbroken one bit for bit, evaluations in between or not', async () => {
  const run = (pieces: number[]) =>
    withTrainer(SETUP, async (trainer, model) => {
      for (const steps of pieces) {
        await trainSteps(trainer, steps);
        if (pieces.length > 1) await trainer.evaluate(firstImages(IMAGES, 5));
      }
      return model.parameters();
    });
  assert.ok(sameBits(await run([3, 1, 6]), await run([10])));
});

test('leaving the loop early ends the call; the trainer can train again', () =>
  withTrainer(SETUP, async (trainer) => {
    for await (const report of trainer.train({ epochs: 5 })) {
      assert.is(report.step, 4);
      break;
    }
    assert.equal(
      (await reportsOf(trainer, {})).map(({ step }) => step),
      [8],
    );
  }));

// --- settings are data -------------------------------------------------------------------------------------------------

/** How many pipelines the device was asked for while `work` ran. */
async function compilations(work: () => Promise<unknown>): Promise<number> {
  const { gpu } = device;
  let count = 0;
  const original = gpu.createComputePipelineAsync;
  gpu.createComputePipelineAsync = (descriptor) => {
    count++;
    return original.call(gpu, descriptor);
  };
  try {
    await work();
  } finally {
    gpu.createComputePipelineAsync = original;
  }
  return count;
}

test('learningRate: another one takes effect with the next step, without compiling anything', () =>
  withTrainer(SETUP, async (trainer, model) => {
    const oracle = new Train64(SPEC, INITIAL, { ...OPTIONS, images: IMAGES });
    await trainSteps(trainer, 2);
    const compiled = await compilations(async () => {
      trainer.learningRate = 0.01;
      await trainSteps(trainer, 3);
    });
    assert.is(compiled, 0);
    assert.is(trainer.learningRate, 0.01);
    for (let step = 0; step < 5; step++) {
      oracle.options.lr = step < 2 ? OPTIONS.lr : 0.01;
      oracle.train();
    }
    const want = new Map([...oracle.parameters].map(([name, values]) => [name, { values }]));
    closeTensors(await model.parameters(), want, 1e-5, 'after 2 steps at 0.001 and 3 at 0.01');
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(
        () => {
          trainer.learningRate = value;
        },
        (error: Error) => error instanceof ArgumentError && error.message === `learningRate: ${value}, ${POSITIVE}`,
      );
    assert.is(trainer.learningRate, 0.01);
  }));

test('the count of compilations is real: another activation and optimizer compile, another batch where sizes are constants', async () => {
  const activation = 'softplus' as const;
  const spec = { ...SPEC, encoder: SPEC.encoder.map((layer) => ({ ...layer, activation })) };
  const options = { ...OPTIONS, optimizer: 'sgd' as const };
  const others = await compilations(() => withTrainer({ ...SETUP, spec, options }, async () => undefined));
  assert.ok(others >= 3, `${others} pipelines`);
  const batch = await compilations(() =>
    withTrainer({ ...SETUP, options: { ...OPTIONS, batch: 3 } }, async () => undefined),
  );
  // Operands of whole quads, or not.
  assert.ok(device.adapter.software ? batch <= 3 : batch > 10, `${batch} pipelines`);
});

test('the KL weight is data: weight 0 trains as if there were no KL term', async () => {
  const spec = { ...SPEC, loss: { ...SPEC.loss, klWeight: 0 } };
  const got = await firstGradients({ ...SETUP, spec });
  await withTrainer({ ...SETUP, spec }, async (trainer) => {
    const oracle = new Train64(spec, INITIAL, { ...OPTIONS, images: IMAGES });
    const [report] = await trainSteps(trainer, 1);
    const { losses, gradients } = oracle.train();
    closeLosses(report?.train, losses, LOSS_LIMIT, 'step 1');
    assert.is(report?.train.loss, report?.train.bce);
    const want = new Map([...gradients].map(([name, values]) => [name, { values }]));
    closeTensors(got, want, 1e-5, 'gradient of step 1');
  });
});

// --- evaluation --------------------------------------------------------------------------------------------------------

test('evaluate: the same bits every time, of any images, in batches of its own', () =>
  withTrainer(SETUP, async (trainer) => {
    const oracle = new Train64(SPEC, INITIAL, { ...OPTIONS, images: IMAGES });
    const first = await trainer.evaluate();
    assert.equal(await trainer.evaluate(), first);
    closeLosses(first, oracle.evaluate(IMAGES), LOSS_LIMIT, 'the test set');
    // One image, and more than one batch with a short last one.
    for (const images of [firstImages(IMAGES, 1), repeated(131)]) {
      const got = await trainer.evaluate(images);
      closeLosses(got, oracle.evaluate(images), LOSS_LIMIT, `${images.count} images`);
      assert.equal(await trainer.evaluate(images), got);
    }
    assert.equal(await trainer.evaluate(), first, 'the test set is still what it was');
  }));

test('evaluate: two calls at the same time both see every image', async () => {
  const spec = { ...SPEC, inputs: 4, encoder: [], decoder: [{ units: 4, activation: 'sigmoid' as const }] };
  const model = await modelOf(spec);
  // More batches than are submitted together.
  const count = 128 * 60;
  const images = { shape: [count, 2, 2], values: Uint8Array.from(uniforms(1, count * 4, 0, 256)) };
  const settings = settingsFrom(OPTIONS, count);
  const evaluator = await Evaluator.create(model, model.machine.memory, images, settings, {
    fuse: true,
    keepGradients: false,
    part: 'whole',
  });
  const alone = await evaluator.run('test', 0);
  const together = await Promise.all([evaluator.run('test', 0), evaluator.run('test', 0), evaluator.run('test', 0)]);
  for (const each of together) assert.equal(each, alone);
  evaluator.dispose();
});

usesDevice(test);
test.run();
