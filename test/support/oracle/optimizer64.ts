// Optimizers, clipping and schedules on the host in f64, each from the formula in PyTorch's documentation, written without
// a look at the shaders or at src/model/. PyTorch's own numbers (test/unit/support/optimizer64.test.ts) are the oracle for these.
import type { ScheduleSpec } from '../../../src/model/learning-rate.js';
import type { OptimizerKind, OptimizerSpec } from '../../../src/model/optimizer.js';

export interface OptimizerOptions64 {
  lr: number;
  optimizer?: OptimizerKind | OptimizerSpec;
  schedule?: ScheduleSpec;
  clipNorm?: number;
}

type Tensors = ReadonlyMap<string, Float64Array>;
interface State {
  m: Float64Array;
  v: Float64Array;
}

/** The learning rate of step `t`, from 0. */
export function learningRate64({ lr, schedule = { kind: 'constant' } }: OptimizerOptions64, t: number): number {
  const { warmup = 0 } = schedule;
  if (t < warmup) return (lr * (t + 1)) / warmup;
  const n = t - warmup;
  if (schedule.kind === 'step') return lr * (schedule.factor ?? 0.1) ** Math.floor(n / schedule.every);
  if (schedule.kind === 'constant') return lr;
  const floor = lr * (schedule.floor ?? 0);
  const angle = (Math.PI * Math.min(n, schedule.steps)) / schedule.steps;
  return floor + ((lr - floor) * (1 + Math.cos(angle))) / 2;
}

/** What clip_grad_norm_ multiplies all gradients by. */
export function clipScale64(gradients: Iterable<ArrayLike<number>>, limit: number): number {
  let squares = 0;
  for (const each of gradients) for (let i = 0; i < each.length; i++) squares += (each[i] ?? 0) ** 2;
  return Math.min(1, limit / (Math.sqrt(squares) + 1e-6));
}

export class Optimizer64 {
  private readonly states = new Map<string, State>();
  private steps = 0;

  constructor(readonly options: OptimizerOptions64) {}

  /** Changes `parameters` in place. */
  step(parameters: Tensors, gradients: Tensors): void {
    const { clipNorm, optimizer = 'adam' } = this.options;
    const scale = clipNorm === undefined ? 1 : clipScale64(gradients.values(), clipNorm);
    const rate = learningRate64(this.options, this.steps);
    this.steps++;
    const spec: OptimizerSpec = typeof optimizer === 'string' ? { kind: optimizer } : optimizer;
    for (const [name, gradient] of gradients) {
      const w = parameters.get(name);
      if (!w) throw new Error(`no parameter ${name}`);
      const zeros = () => new Float64Array(gradient.length);
      const state = this.states.get(name) ?? { m: zeros(), v: zeros() };
      this.states.set(name, state);
      for (let i = 0; i < w.length; i++) updateOne(spec, rate, this.steps, w, state, scale * (gradient[i] ?? 0), i);
    }
  }
}

/** `t` counts from 1, as in torch.optim's pages. */
function updateOne(
  spec: OptimizerSpec,
  rate: number,
  t: number,
  w: Float64Array,
  { m, v }: State,
  g: number,
  i: number,
) {
  const weight = w[i] ?? 0;
  const decay = spec.weightDecay ?? (spec.kind === 'adamw' ? 0.01 : 0);
  const penalized = g + decay * weight;
  if (spec.kind === 'adam' || spec.kind === 'adamw') {
    const [beta1, beta2] = spec.betas ?? [0.9, 0.999];
    const seen = spec.kind === 'adam' ? penalized : g;
    m[i] = beta1 * (m[i] ?? 0) + (1 - beta1) * seen;
    v[i] = beta2 * (v[i] ?? 0) + (1 - beta2) * seen * seen;
    const mean = (m[i] ?? 0) / (1 - beta1 ** t);
    const square = (v[i] ?? 0) / (1 - beta2 ** t);
    const before = spec.kind === 'adamw' ? weight - rate * decay * weight : weight;
    w[i] = before - (rate * mean) / (Math.sqrt(square) + (spec.epsilon ?? 1e-8));
    return;
  }
  const momentum = spec.momentum ?? 0;
  if (spec.kind === 'sgd') {
    m[i] = t === 1 ? penalized : momentum * (m[i] ?? 0) + penalized;
    w[i] = weight - rate * (spec.nesterov ? penalized + momentum * (m[i] ?? 0) : (m[i] ?? 0));
    return;
  }
  const alpha = spec.alpha ?? 0.99;
  v[i] = alpha * (v[i] ?? 0) + (1 - alpha) * penalized * penalized;
  m[i] = momentum * (m[i] ?? 0) + penalized / (Math.sqrt(v[i] ?? 0) + (spec.epsilon ?? 1e-8));
  w[i] = weight - rate * (m[i] ?? 0);
}
