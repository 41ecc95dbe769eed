// How the flags ask for a model to be trained: optimizer, learning rate, what changes over the run. People count in
// epochs, the library in steps: trainerOptions, here alone, turns one into the other.
import {
  ArgumentError,
  type NumberType,
  OPTIMIZERS,
  type OptimizerKind,
  type ScheduleSpec,
  type TrainerOptions,
} from 'latentgpu/node';
import {
  count,
  countOrNone,
  momentum,
  notNegative,
  oneOf,
  positive,
  type ScheduleChoice,
  schedule,
  seed,
} from './flags/flag-values.js';
import type { Flag, Switch } from './flags/flags.js';
import { present } from './flags/present.js';

/** What changes a training step itself. Absent: the library's defaults. */
export interface OptimizerOptions {
  batch?: number;
  lr?: number;
  seed: number;
  optimizer?: OptimizerKind;
  momentum?: number;
  nesterov?: boolean;
  'weight-decay'?: number;
  clip?: number;
  reduction?: 'mean' | 'sum';
  precision?: NumberType;
  store?: NumberType;
}

/** What changes from step to step, and how long it goes on. */
export interface CourseOptions {
  epochs?: number;
  steps?: number;
  schedule?: ScheduleChoice;
  /** Steps. */
  'lr-warmup'?: number;
  /** Epochs. */
  warmup?: number;
  /** Epochs a layer. */
  pretrain?: number;
  'pretrain-steps'?: number;
}

const group = 'Training';

/** Also those of profile.js: they make the kernels of a step. */
export const OPTIMIZER_FLAGS: Record<string, Flag> = {
  batch: {
    group,
    value: 'N',
    example: '128',
    read: count,
    help: ['examples a step (default: 128, or all where they are fewer)'],
  },
  lr: {
    group,
    value: 'X',
    example: '0.001',
    read: positive,
    help: ['learning rate (default: 0.001; sgd and rmsprop 0.01)'],
  },
  seed: {
    group,
    value: 'N',
    example: '1',
    read: seed,
    help: ['first weights, shuffling and noise follow from it (default: 0)'],
  },
  optimizer: {
    group,
    value: 'NAME',
    example: 'adam',
    read: oneOf(OPTIMIZERS),
    help: ['adam (default), adamw, sgd or rmsprop'],
  },
  momentum: { group, value: 'X', example: '0.9', read: momentum, help: ['of sgd and rmsprop (default: 0)'] },
  'weight-decay': {
    group,
    value: 'X',
    example: '0.01',
    read: notNegative,
    help: ['L2, or of adamw its own (default: 0; adamw 0.01)'],
  },
  clip: {
    group,
    value: 'X',
    example: '1',
    read: positive,
    help: ['largest norm of the gradients, all together; larger ones are scaled down'],
  },
  reduction: {
    group,
    value: 'NAME',
    example: 'mean',
    read: oneOf(['mean', 'sum']),
    help: ['gradients of the mean (default) or the sum over the batch'],
  },
  precision: {
    group,
    value: 'TYPE',
    example: 'f16',
    read: oneOf(['f32', 'f16']),
    help: [
      'what matmuls read: f32 (default), or f16 where the GPU has it; sums, losses',
      'and the parameters themselves are f32 either way',
    ],
  },
  store: {
    group,
    value: 'TYPE',
    example: 'f16',
    read: oneOf(['f32', 'f16']),
    help: ['what data that are no bytes lie in memory as: f32 (default), or f16, half', 'as large'],
  },
};

export const OPTIMIZER_SWITCHES: Record<string, Switch> = {
  nesterov: { group, help: "sgd: Nesterov's momentum" },
};

export const COURSE_FLAGS: Record<string, Flag> = {
  epochs: {
    group,
    value: 'N',
    example: '20',
    read: count,
    help: [
      'passes over the training examples (default: 20 on a GPU, 1 on a software',
      'adapter, as many as --steps needs)',
    ],
  },
  steps: { group, value: 'N', example: '100', read: count, help: ['stop after N steps, even within an epoch'] },
  schedule: {
    group,
    value: 'NAME',
    example: 'step:10:0.5',
    read: schedule,
    help: [
      'of the learning rate: constant (default), cosine (to 0 at the end), or',
      'step:EVERY:FACTOR (times FACTOR every EVERY epochs)',
    ],
  },
  'lr-warmup': {
    group,
    value: 'STEPS',
    example: '100',
    read: count,
    help: ['the learning rate rises linearly in the first STEPS steps'],
  },
  warmup: {
    group,
    value: 'EPOCHS',
    example: '5',
    read: positive,
    help: ['VAEs: the weight of the KL term rises from 0 in the first EPOCHS'],
  },
  pretrain: {
    group,
    value: 'N',
    example: '5',
    read: countOrNone,
    help: [
      'stacked: epochs for each layer, before the whole is trained; 0: none',
      '(default: 5 on a GPU, 1 on a software adapter, at most --steps)',
    ],
  },
  'pretrain-steps': {
    group,
    value: 'N',
    example: '100',
    read: count,
    help: ['stacked: at most N steps for each layer'],
  },
};

/** @throws ArgumentError in one line for a flag that the chosen optimizer has no use for */
export function checkTraining(given: Partial<OptimizerOptions> & CourseOptions): void {
  const { optimizer = 'adam', momentum: kept, nesterov } = given;
  const chosen = `--optimizer ${optimizer}${given.optimizer ? '' : ' (the default)'}`;
  if (kept !== undefined && optimizer !== 'sgd' && optimizer !== 'rmsprop')
    throw new ArgumentError(
      `--momentum with ${chosen}: it keeps means of the gradients by itself; use --optimizer sgd or rmsprop, or leave --momentum out`,
    );
  if (nesterov && optimizer !== 'sgd')
    throw new ArgumentError(
      `--nesterov with ${chosen}: it is a form of sgd; use --optimizer sgd, or leave --nesterov out`,
    );
  if (nesterov && !kept)
    throw new ArgumentError(
      '--nesterov without momentum: there is nothing to look ahead with; give --momentum 0.9 too',
    );
  if (given.pretrain === 0 && given['pretrain-steps'] !== undefined)
    throw new ArgumentError('--pretrain-steps with --pretrain 0: there is nothing to stop; leave one of them out');
}

/** How long the whole run is, in what the library counts. */
export interface Course {
  /** Images a step. */
  batch: number;
  stepsPerEpoch: number;
  /** Steps of the whole run. */
  steps: number;
}

/**
 * What createTrainer gets. Without a course, what does not change from step to step.
 * @throws ArgumentError if the rate would still rise when the run ends
 */
export function trainerOptions(options: OptimizerOptions & CourseOptions, course?: Course): TrainerOptions {
  const { lr, seed, optimizer: kind = 'adam', nesterov, clip: clipNorm, reduction, precision, store } = options;
  const numbers = present({ momentum: options.momentum, nesterov, weightDecay: options['weight-decay'] });
  const { batch } = course ?? options;
  const step = {
    seed,
    optimizer: { kind, ...numbers },
    ...present({ batch, lr, clipNorm, reduction, precision, store }),
  };
  if (!course) return step;
  const { stepsPerEpoch } = course;
  const klWarmup = options.warmup === undefined ? undefined : inSteps(options.warmup, stepsPerEpoch);
  return { ...step, schedule: inSchedule(options, course), ...present({ klWarmup }) };
}

const inSteps = (epochs: number, stepsPerEpoch: number) => Math.max(1, Math.round(epochs * stepsPerEpoch));

function inSchedule(
  { schedule: choice = { kind: 'constant' }, 'lr-warmup': warmup = 0 }: CourseOptions,
  { stepsPerEpoch, steps }: Course,
): ScheduleSpec {
  if (warmup > 0 && warmup >= steps)
    throw new ArgumentError(
      `--lr-warmup ${warmup} is not less than the run's ${steps} steps: the learning rate would never be reached; give fewer, or leave --lr-warmup out`,
    );
  const rising = warmup > 0 ? { warmup } : {};
  switch (choice.kind) {
    case 'constant':
      return { kind: choice.kind, ...rising };
    case 'cosine':
      return { kind: choice.kind, steps: steps - warmup, ...rising };
    case 'step':
      return { kind: choice.kind, every: inSteps(choice.every, stepsPerEpoch), factor: choice.factor, ...rising };
  }
}
