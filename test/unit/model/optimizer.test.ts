// What a description of an optimizer or of a schedule must be (src/model/optimizer.ts, learning-rate.ts), and what is made
// of one that leaves things out.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { klFactor, rateFactor, resolveSchedule } from '../../../src/model/learning-rate.js';
import { DEFAULT_LEARNING_RATE, OPTIMIZERS, resolveOptimizer } from '../../../src/model/optimizer.js';
import { refusal } from '../../support/programs/refusal.js';

test("optimizers: the defaults are torch.optim's", () => {
  assert.equal(resolveOptimizer(), { kind: 'adam', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 });
  assert.equal(resolveOptimizer('adamw'), { kind: 'adamw', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01 });
  assert.equal(resolveOptimizer({ kind: 'sgd' }), { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 });
  assert.equal(resolveOptimizer('rmsprop'), {
    kind: 'rmsprop',
    alpha: 0.99,
    epsilon: 1e-8,
    momentum: 0,
    weightDecay: 0,
  });
  assert.equal(OPTIMIZERS, ['adam', 'adamw', 'sgd', 'rmsprop']);
  assert.equal(DEFAULT_LEARNING_RATE, { adam: 1e-3, adamw: 1e-3, sgd: 1e-2, rmsprop: 1e-2 });
});

test('optimizers: what is given stays; what is undefined counts as absent', () => {
  assert.equal(resolveOptimizer({ kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: undefined }), {
    kind: 'sgd',
    momentum: 0.9,
    nesterov: true,
    weightDecay: 0,
  });
});

test('schedules: the defaults', () => {
  assert.equal(resolveSchedule(), { kind: 'constant', warmup: 0 });
  assert.equal(resolveSchedule({ kind: 'step', every: 5 }), { kind: 'step', every: 5, factor: 0.1, warmup: 0 });
  assert.equal(resolveSchedule({ kind: 'cosine', steps: 9, warmup: 2 }), {
    kind: 'cosine',
    steps: 9,
    floor: 0,
    warmup: 2,
  });
});

const POSITIVE = 'must be a finite number above 0';
const NOT_NEGATIVE = 'must be a finite number >= 0';
const BETWEEN = 'must be a number between 0 and 1';
const IN_F32 = '(f32, which the GPU computes with, makes it';
const BAD_OPTIMIZERS: [given: unknown, message: string][] = [
  [null, 'optimizer: null, must be one of adam, adamw, sgd, rmsprop, or an object (see OptimizerSpec)'],
  [7, 'optimizer: 7, must be one of adam, adamw, sgd, rmsprop, or an object (see OptimizerSpec)'],
  ['adagrad', 'optimizer.kind: "adagrad", must be one of adam, adamw, sgd, rmsprop'],
  [{}, 'optimizer.kind: undefined, must be one of adam, adamw, sgd, rmsprop'],
  [
    { kind: 'sgd', betas: [0.9, 0.9] },
    'optimizer.betas: unknown, must be one of kind, momentum, nesterov, weightDecay',
  ],
  [
    { kind: 'adam', decay: 1 },
    'optimizer.decay: unknown, must be one of kind, betas, epsilon, weightDecay; did you mean weightDecay?',
  ],
  [{ kind: 'adam', betas: 0.9 }, 'optimizer.betas: 0.9, must be two numbers, for example [0.9, 0.999]'],
  [{ kind: 'adam', betas: [0.9] }, 'optimizer.betas: [0.9], must be two numbers, for example [0.9, 0.999]'],
  [{ kind: 'adam', betas: [0, 0.9] }, `optimizer.betas[0]: 0, ${BETWEEN}`],
  [{ kind: 'adamw', betas: [0.9, 1] }, `optimizer.betas[1]: 1, ${BETWEEN}`],
  [{ kind: 'adam', betas: [0.9, 1 - 2 ** -30] }, `optimizer.betas[1]: ${1 - 2 ** -30}, ${BETWEEN} ${IN_F32} 1)`],
  [{ kind: 'adam', epsilon: 0 }, `optimizer.epsilon: 0, ${POSITIVE}`],
  [{ kind: 'adam', epsilon: 1e-50 }, `optimizer.epsilon: 1e-50, ${POSITIVE} ${IN_F32} 0)`],
  // A denormal of f32: a GPU may take it for 0.
  [{ kind: 'adam', epsilon: 1e-40 }, `optimizer.epsilon: 1e-40, ${POSITIVE} ${IN_F32} 0)`],
  [{ kind: 'rmsprop', epsilon: '1e-8' }, `optimizer.epsilon: "1e-8", ${POSITIVE}`],
  [{ kind: 'adamw', weightDecay: -0.01 }, `optimizer.weightDecay: -0.01, ${NOT_NEGATIVE}`],
  [{ kind: 'sgd', weightDecay: Number.NaN }, `optimizer.weightDecay: NaN, ${NOT_NEGATIVE}`],
  [{ kind: 'rmsprop', alpha: 1 }, `optimizer.alpha: 1, ${BETWEEN}`],
  [{ kind: 'sgd', momentum: 1 }, 'optimizer.momentum: 1, must be a number from 0 to below 1'],
  [{ kind: 'rmsprop', momentum: -0.1 }, 'optimizer.momentum: -0.1, must be a number from 0 to below 1'],
  [{ kind: 'sgd', nesterov: true }, 'optimizer.nesterov: true, needs momentum above 0; 0.9 is usual'],
  [{ kind: 'sgd', momentum: 0.9, nesterov: 1 }, 'optimizer.nesterov: 1, must be true or false'],
];
for (const [given, message] of BAD_OPTIMIZERS)
  test(`refused: ${message}`, () =>
    assert.is(
      refusal(() => resolveOptimizer(given)),
      message,
    ));

const COUNT = 'must be an integer from 1 to 2^32 - 1';
const BAD_SCHEDULES: [given: unknown, message: string][] = [
  ['cosine', 'schedule: "cosine", must be an object with kind constant, step, cosine (see ScheduleSpec)'],
  [{ kind: 'linear' }, 'schedule.kind: "linear", must be one of constant, step, cosine'],
  [{ kind: 'constant', warmup: -1 }, 'schedule.warmup: -1, must be an integer from 0 to 2^32 - 1'],
  [{ kind: 'constant', steps: 5 }, 'schedule.steps: unknown, must be one of kind, warmup'],
  [{ kind: 'step' }, `schedule.every: undefined, ${COUNT}`],
  [{ kind: 'step', every: 0 }, `schedule.every: 0, ${COUNT}`],
  [{ kind: 'step', every: 2.5 }, `schedule.every: 2.5, ${COUNT}`],
  [{ kind: 'step', every: 5, factor: 0 }, 'schedule.factor: 0, must be a number above 0 and at most 1'],
  [{ kind: 'step', every: 5, factor: 1.1 }, 'schedule.factor: 1.1, must be a number above 0 and at most 1'],
  [{ kind: 'cosine', steps: 2 ** 32 }, `schedule.steps: 4294967296, ${COUNT}`],
  [{ kind: 'cosine', steps: 5, floor: -0.1 }, 'schedule.floor: -0.1, must be a number from 0 to 1'],
  [{ kind: 'cosine', steps: 5, floor: 2 }, 'schedule.floor: 2, must be a number from 0 to 1'],
];
for (const [given, message] of BAD_SCHEDULES)
  test(`refused: ${message} (${JSON.stringify(given)})`, () =>
    assert.is(
      refusal(() => resolveSchedule(given)),
      message,
    ));

test('rateFactor: a warm-up of N steps is 1/N, 2/N, ... 1, and the schedule begins after it', () => {
  const factors = (given: unknown, count: number) =>
    Array.from({ length: count }, (_, step) => Number(rateFactor(resolveSchedule(given), step).toFixed(6)));
  assert.equal(factors({ kind: 'constant', warmup: 4 }, 6), [0.25, 0.5, 0.75, 1, 1, 1]);
  assert.equal(factors({ kind: 'step', every: 2, factor: 0.5, warmup: 2 }, 7), [0.5, 1, 1, 1, 0.5, 0.5, 0.25]);
  assert.equal(factors({ kind: 'cosine', steps: 4, floor: 0.2 }, 7), [1, 0.882843, 0.6, 0.317157, 0.2, 0.2, 0.2]);
});

test('klFactor rises linearly from 0 to 1', () => {
  assert.equal(
    [0, 1, 2, 3, 4, 5].map((step) => klFactor(4, step)),
    [0, 0.25, 0.5, 0.75, 1, 1],
  );
  assert.is(klFactor(0, 0), 1);
});

test.run();
