// Graph in, plan out: drop what nobody asks for, lower to dispatches, order them, pack their memory.
import type { LossNode, ModelGraph } from '../graph/build.js';
import { type Node, numel } from '../graph/ops.js';
import { clipParts, clipScale, squareSums } from '../kernels/clip.js';
import { finishStep } from '../kernels/finish-step.js';
import type { MatmulVariant } from '../kernels/matmul.js';
import { type OptimizerForm, optimizer, stateBuffers } from '../kernels/optimizer.js';
import { type Context, dispatchOf } from './call.js';
import { FUSED } from './fuse.js';
import { lower } from './lower.js';
import { assignScratch } from './memory.js';
import type { Dispatch, Plan, Tensor } from './plan.js';
import { schedule } from './schedule.js';
import { type FlatBuffer, lossRowStride, type Sizes, TensorTable } from './tensors.js';

export interface PlanOptions extends Sizes {
  matmulVariant: MatmulVariant;
  /** false: one kernel an operation, the oracle that the fused plan is tested against. */
  fuse: boolean;
  /** What a training step ends with; Adam alone if absent. */
  optimizer?: OptimizerForm;
}

const ADAM: OptimizerForm = { kind: 'adam', momentum: false, nesterov: false, weightDecay: false, clip: false };

/** The dispatches of one run through `model`: a training step if it has gradients, an evaluation if it has losses. */
export function makePlan(name: string, model: ModelGraph, options: PlanOptions): Plan {
  const tensors = new TensorTable(options);
  place(model, tensors);
  const asked = [...model.losses.map((loss) => loss.node), ...model.gradients, ...(model.output ? [model.output] : [])];
  const live = liveNodes(model.graph.nodes, asked);
  const context = contextOf(live, asked, tensors, options.matmulVariant);
  const calls = lower(live, options.fuse ? FUSED : [], context);
  const dispatches = schedule([
    ...calls.map((call) => call.dispatch),
    ...update(model, tensors, options),
    ...(model.losses.length > 0 ? [finish(model.losses, tensors, options)] : []),
  ]);
  const losses = model.losses.map(({ term, weight }) => ({ term, weight }));
  return { name, dispatches, losses, scratch: assignScratch(dispatches) };
}

function place(model: ModelGraph, tensors: TensorTable): void {
  for (const parameter of model.graph.all('parameter')) tensors.placeParameter(parameter);
  model.gradients.forEach((gradient, index) => {
    const parameter = model.parameters[index];
    if (parameter) tensors.placeGradient(gradient, parameter);
  });
  model.losses.forEach(({ term, node }, index) => {
    tensors.placeLoss(node, term, index);
  });
  for (const node of model.graph.all('input')) tensors.placeHost(node, 'input');
  if (model.output) tensors.placeHost(model.output, 'output');
}

function liveNodes(nodes: readonly Node[], asked: Node[]): Node[] {
  const live = new Set<Node>(asked);
  for (const node of nodes.toReversed()) if (live.has(node)) for (const input of node.inputs) live.add(input);
  return nodes.filter((node) => live.has(node));
}

function contextOf(live: Node[], asked: Node[], tensors: TensorTable, matmulVariant: MatmulVariant): Context {
  const consumers = (node: Node) => live.filter((other) => other.inputs.includes(node));
  const internal = (node: Node) => consumers(node).length === 1 && !asked.includes(node);
  return { tensors, matmulVariant, consumers, internal };
}

/**
 * Fused: one pass over the flat buffers. Unfused, or where only a part of the model is trained: one dispatch a parameter.
 * Gaps are updated too, from zero to zero.
 */
function update(model: ModelGraph, tensors: TensorTable, options: PlanOptions): Dispatch[] {
  if (model.gradients.length === 0) return [];
  const { fuse, layout, optimizer: form = ADAM } = options;
  const kernel = optimizer(form);
  const clip = form.clip ? clipping(tensors) : undefined;
  const one = (label: string, trained: number, tensorIn: (buffer: FlatBuffer) => Tensor): Dispatch => {
    const [w, gradient] = [tensorIn('parameters'), tensorIn('gradients')];
    const state = stateBuffers(form).map((buffer) => [buffer === 'moment1' ? 'm' : 'v', tensorIn(buffer)]);
    const bound = {
      ...tensors.stepState(),
      gradient,
      w,
      ...Object.fromEntries(state),
      ...(clip && { clip: clip.scale }),
    };
    const dispatch = dispatchOf(kernel, { count: numel(w.shape) }, bound, label);
    return { ...dispatch, flops: kernel.flops({ count: trained }) };
  };
  const whole = model.parameters.length === layout.entries.length;
  const updates =
    fuse && whole
      ? [one('all parameters', layout.parameterCount, (buffer) => tensors.whole(buffer))]
      : model.parameters.map((p) => one(p.label, numel(p.shape), (buffer) => tensors.padded(buffer, p)));
  return [...(clip?.dispatches ?? []), ...updates];
}

/** What all gradients are to be multiplied by: found in two stages, from all of them together. */
function clipping(tensors: TensorTable): { dispatches: Dispatch[]; scale: Tensor } {
  const gradient = tensors.whole('gradients');
  const count = numel(gradient.shape);
  const parts = clipParts(count);
  const [sums, scale] = [tensors.scratch('square sums', [parts, 2]), tensors.scratch('clip scale', [1])];
  const { settings } = tensors.stepState();
  const label = 'all gradients';
  return {
    scale,
    dispatches: [
      dispatchOf(squareSums, { count }, { gradient, sums }, label),
      dispatchOf(clipScale, { parts }, { sums, settings, clip: scale }, label),
    ],
  };
}

function finish(losses: LossNode[], tensors: TensorTable, { rows, metricsCapacity }: PlanOptions): Dispatch {
  const terms = losses.length;
  const shape = { terms, rows, rowStride: lossRowStride(rows), capacity: metricsCapacity };
  const bound = { ...tensors.stepState(), losses: tensors.losses(terms), metrics: tensors.metrics(terms) };
  return dispatchOf(finishStep, shape, bound, losses.map((loss) => loss.term).join(' + '));
}
