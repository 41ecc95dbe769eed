// How parameters follow their gradients, as plain data: which optimizer, its numbers, their defaults. Formulas and
// defaults are torch.optim's. Learning rates over time are in learning-rate.ts; kernels/optimizer.ts does the work.
import { ArgumentError } from '../errors.js';
import { NOT_NEGATIVE, requireKnownKeys, requireNumber, requireOneOf, requirePositive } from './values.js';

/** Kingma & Ba 2015. `weightDecay` times the weight is added to the gradient (L2). */
export interface AdamSpec {
  /** torch.optim.Adam. */
  kind: 'adam';
  /** Decay rates of the mean and of the mean square; 0.9 and 0.999 if absent. */
  betas?: [number, number];
  /** Added to the root of the mean square; 1e-8 if absent. */
  epsilon?: number;
  /** 0 if absent. */
  weightDecay?: number;
}

/** Adam with decoupled decay (Loshchilov & Hutter 2019): each weight first loses lr x `weightDecay` of itself, 0.01 if absent. */
export interface AdamWSpec extends Omit<AdamSpec, 'kind'> {
  /** torch.optim.AdamW. */
  kind: 'adamw';
}

/** Gradient descent; `weightDecay` is L2's, as Adam's. */
export interface SgdSpec {
  /** torch.optim.SGD. */
  kind: 'sgd';
  /** The buffer is momentum x buffer + gradient, and the step follows it; 0 if absent. */
  momentum?: number;
  /** The step follows gradient + momentum x buffer instead. */
  nesterov?: boolean;
  /** 0 if absent. */
  weightDecay?: number;
}

/** Hinton's RMSprop, not centred; `weightDecay` is L2's. */
export interface RmspropSpec {
  /** torch.optim.RMSprop. */
  kind: 'rmsprop';
  /** Decay rate of the mean square; 0.99 if absent. */
  alpha?: number;
  /** Added to the root of the mean square; 1e-8 if absent. */
  epsilon?: number;
  /** 0 if absent. */
  momentum?: number;
  /** 0 if absent. */
  weightDecay?: number;
}

/** An optimizer and its numbers, all of which have defaults. */
export type OptimizerSpec = AdamSpec | AdamWSpec | SgdSpec | RmspropSpec;
/** Name of an optimizer. */
export type OptimizerKind = OptimizerSpec['kind'];

/** With nothing left to a default. */
export type Optimizer = Required<AdamSpec> | Required<AdamWSpec> | Required<SgdSpec> | Required<RmspropSpec>;

const DEFAULTS: { [Kind in OptimizerKind]: Extract<Optimizer, { kind: Kind }> } = {
  adam: { kind: 'adam', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
  adamw: { kind: 'adamw', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01 },
  sgd: { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 },
  rmsprop: { kind: 'rmsprop', alpha: 0.99, epsilon: 1e-8, momentum: 0, weightDecay: 0 },
};

/** Names of all optimizers. */
export const OPTIMIZERS = Object.keys(DEFAULTS) as OptimizerKind[];

/** torch.optim's, but for SGD: its default there is 1e-3, and none before version 2. */
export const DEFAULT_LEARNING_RATE: Record<OptimizerKind, number> = {
  adam: 1e-3,
  adamw: 1e-3,
  sgd: 1e-2,
  rmsprop: 1e-2,
};

/**
 * An optimizer from its name or from a description that may come from a JSON file.
 * @throws ArgumentError with the path of what is wrong: `optimizer.momentum: 1, must be a number from 0 to below 1`
 */
export function resolveOptimizer(given: unknown = 'adam'): Optimizer {
  const spec = typeof given === 'string' ? { kind: given } : given;
  if (typeof spec !== 'object' || spec === null)
    throw new ArgumentError(
      `optimizer: ${JSON.stringify(given)}, must be one of ${OPTIMIZERS.join(', ')}, or an object (see OptimizerSpec)`,
    );
  const { kind } = spec as { kind?: OptimizerKind };
  requireOneOf(kind, OPTIMIZERS, 'optimizer.kind');
  requireKnownKeys(spec, Object.keys(DEFAULTS[kind as OptimizerKind]), 'optimizer');
  const present = Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
  const optimizer = { ...DEFAULTS[kind as OptimizerKind], ...present } as Optimizer;
  validate(optimizer);
  return optimizer;
}

function validate(optimizer: Optimizer): void {
  const path = (name: string) => `optimizer.${name}`;
  requireNumber(optimizer.weightDecay, path('weightDecay'), NOT_NEGATIVE, (value) => value >= 0);
  if ('betas' in optimizer) {
    const { betas } = optimizer;
    if (!Array.isArray(betas) || betas.length !== 2)
      throw new ArgumentError(
        `optimizer.betas: ${JSON.stringify(betas)}, must be two numbers, for example [0.9, 0.999]`,
      );
    betas.forEach((beta, i) => {
      requireDecay(beta, path(`betas[${i}]`));
    });
  }
  if ('epsilon' in optimizer) requirePositive(optimizer.epsilon, path('epsilon'));
  if ('alpha' in optimizer) requireDecay(optimizer.alpha, path('alpha'));
  if ('momentum' in optimizer)
    requireNumber(
      optimizer.momentum,
      path('momentum'),
      'a number from 0 to below 1',
      (value) => value >= 0 && value < 1,
    );
  if ('nesterov' in optimizer) {
    if (typeof optimizer.nesterov !== 'boolean')
      throw new ArgumentError(`optimizer.nesterov: ${JSON.stringify(optimizer.nesterov)}, must be true or false`);
    if (optimizer.nesterov && optimizer.momentum === 0)
      throw new ArgumentError('optimizer.nesterov: true, needs momentum above 0; 0.9 is usual');
  }
}

const requireDecay = (value: unknown, path: string) =>
  requireNumber(value, path, 'a number between 0 and 1', (number) => number > 0 && number < 1);
