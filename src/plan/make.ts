// Graph in, plan out: drop what nobody asks for, lower to dispatches, order them, pack their memory.
import type { LossNode, ModelGraph } from '../graph/build.js';
import { type Node, numel } from '../graph/operations/ops.js';
import { clipParts, clipScale, scaledSquareSums, squareSums, unscale } from '../kernels/clip.js';
import { toHalf } from '../kernels/elementwise.js';
import { finishScaledStep } from '../kernels/finish-step.js';
import { F32_BYTES } from '../kernels/kernel.js';
import { type OptimizerForm, optimizer } from '../kernels/optimizer.js';
import type { NumberType } from '../kernels/stored.js';
import { layerOf } from './layout.js';
import { type ChooseMatmul, type Context, dispatchOf, optimizerTensors } from './lowering/call.js';
import { finishDispatch, withFinish } from './lowering/finish.js';
import { FORWARD, FUSED } from './lowering/fuse.js';
import { layerPlans } from './lowering/layer-plans.js';
import { lower } from './lowering/lower.js';
import { assignScratch } from './memory.js';
import type { Dispatch, Plan, Tensor } from './plan.js';
import { halfNodes } from './precision.js';
import { schedule } from './schedule.js';
import { type FlatBuffer, type Sizes, TensorTable } from './tensors.js';

export interface PlanOptions extends Sizes {
  choose: ChooseMatmul;
  /** false: one kernel an operation, the oracle that the fused plan is tested against. */
  fuse: boolean;
  /** What a training step ends with; Adam alone if absent. */
  optimizer?: OptimizerForm;
  /** Whether somebody outside reads the gradients: they are all written then, and the optimizer comes after. */
  keepGradients?: boolean;
  /** Whether somebody outside reads the losses, row by row: their sums are not folded into what comes before them. */
  keepLosses?: boolean;
  /** What matmuls read of a training step: f16 needs the feature "shader-f16". f32 if absent. */
  precision?: NumberType;
}

const ADAM: OptimizerForm = { kind: 'adam', momentum: false, nesterov: false, weightDecay: false, clip: false };

/** The dispatches of one run through `model`: a training step if it has gradients, an evaluation if it has losses. */
export function makePlan(name: string, model: ModelGraph, options: PlanOptions): Plan {
  const wanted = [...(model.updates ?? []), ...(model.output ? [model.output] : [])];
  const asked = [...model.losses.map((loss) => loss.node), ...model.gradients, ...wanted];
  const live = liveNodes(model.graph.nodes, asked);
  // Unfused, each step makes its copies of the weights anew; fused, the optimizer writes them.
  const kept = options.fuse && model.gradients.length > 0;
  const half = options.precision === 'f16' ? { nodes: halfNodes(live, asked), kept } : undefined;
  const tensors = new TensorTable(options, half);
  place(model, tensors);
  const context = contextOf(live, asked, model, tensors, options);
  const patterns = [...(options.keepLosses ? FORWARD : FUSED), ...(layerPlans.loaded?.patterns ?? [])];
  const calls = lower(live, options.fuse ? patterns : [], context);
  const losses = tensors.placeLosses();
  const updated = new Set(calls.flatMap(({ updates = [] }) => updates));
  const scaling =
    options.precision === 'f16' && model.gradients.length > 0 ? tensors.scratch('scaling', [2]) : undefined;
  const updates = update(model, updated, tensors, scaling, options);
  const copies = weightsAsHalf(model, tensors, kept);
  const work = schedule([...(kept ? [] : copies), ...calls.map((call) => call.dispatch), ...updates]);
  const dispatches = model.losses.length > 0 ? finished(work, model.losses, losses, tensors, scaling, options) : work;
  return {
    name,
    dispatches,
    ...(kept && copies.length > 0 && { refresh: copies }),
    losses: model.losses.map(({ term, weight }) => ({ term, weight })),
    lossBytes: losses.parts.length * losses.stride * F32_BYTES,
    scratch: assignScratch(dispatches),
  };
}

function place(model: ModelGraph, tensors: TensorTable): void {
  for (const parameter of model.graph.all('parameter')) tensors.placeParameter(parameter);
  model.gradients.forEach((gradient, index) => {
    const parameter = model.parameters[index];
    if (parameter) tensors.placeGradient(gradient, parameter);
  });
  for (const { term, node } of model.losses) tensors.addLoss(node, term);
  for (const node of model.graph.all('input')) tensors.placeHost(node, 'input');
  if (model.output) tensors.placeHost(model.output, 'output');
}

function liveNodes(nodes: readonly Node[], asked: Node[]): Node[] {
  const live = new Set<Node>(asked);
  for (const node of nodes.toReversed()) if (live.has(node)) for (const input of node.inputs) live.add(input);
  return nodes.filter((node) => live.has(node));
}

function contextOf(
  live: Node[],
  asked: Node[],
  { gradients, parameters }: ModelGraph,
  tensors: TensorTable,
  { choose, optimizer = ADAM, keepGradients = false, precision }: PlanOptions,
): Context {
  const consumers = (node: Node) => live.filter((other) => other.inputs.includes(node));
  const internal = (node: Node) => consumers(node).length === 1 && !asked.includes(node);
  const closed = (nodes: readonly Node[], outputs: readonly Node[]) =>
    nodes.every(
      (node) =>
        outputs.includes(node) || (!asked.includes(node) && consumers(node).every((other) => nodes.includes(other))),
    );
  const parameterOf = (gradient: Node) => parameters[gradients.indexOf(gradient)];
  // The norm of all gradients, and whether one of them has overflowed, is known only when all of them are.
  const atOnce = !keepGradients && !optimizer.clip && precision !== 'f16';
  return { tensors, choose, consumers, internal, closed, parameterOf, ...(atOnce && { optimizer }) };
}

/** The weights that matmuls read as f16; where their copies are kept, a layer at a time. */
function weightsAsHalf({ graph }: ModelGraph, tensors: TensorTable, kept: boolean): Dispatch[] {
  if (kept)
    return tensors.layers(graph.all('parameter')).flatMap((layer) => {
      const [first, last] = [layer[0] as Node, layer.at(-1) as Node];
      const half = tensors.keptSpan(first, last);
      const x = tensors.span('parameters', first, last);
      return half ? [dispatchOf(toHalf, { count: numel(x.shape) }, { x, y: half }, layerOf(first.label))] : [];
    });
  return [...tensors.halves].map(([node, half]) =>
    dispatchOf(toHalf, { count: numel(node.shape) }, { x: tensors.of(node), y: half }, node.label),
  );
}

/** What no epilogue has updated: a dispatch a layer or, unfused, a parameter. Gaps are updated too, from zero to zero. */
function update(
  { gradients, parameters }: ModelGraph,
  updated: ReadonlySet<Node>,
  tensors: TensorTable,
  scaling: Tensor | undefined,
  options: PlanOptions,
): Dispatch[] {
  const left = gradients.length === 0 ? [] : parameters.filter((parameter) => !updated.has(parameter));
  if (left.length === 0) return [];
  const { fuse, optimizer: wanted = ADAM } = options;
  const form = { ...wanted, scaled: scaling !== undefined };
  const all = scaling ? unscaling(tensors, scaling, form) : form.clip ? clipping(tensors) : undefined;
  const one = (label: string, trained: number, tensorIn: (buffer: FlatBuffer) => Tensor, half?: Tensor): Dispatch => {
    const kernel = optimizer({ ...form, copies: half !== undefined });
    const gradient = tensorIn('gradients');
    const bound = {
      ...tensors.stepState(),
      ...optimizerTensors(form, tensorIn),
      gradient,
      ...all?.bound,
      ...(half && { half }),
    };
    const dispatch = dispatchOf(kernel, { count: numel(gradient.shape) }, bound, label);
    // The copy is written; it counts as updated because a step that is skipped leaves it as it is.
    return { ...dispatch, flops: kernel.flops({ count: trained }), bytes: dispatch.bytes - (half?.bytes ?? 0) };
  };
  const sizes = (parameters: Node[]) => parameters.reduce((sum, { shape }) => sum + numel(shape), 0);
  const updates = fuse
    ? tensors.layers(left).map((layer) => {
        const [first, last] = [layer[0] as Node, layer.at(-1) as Node];
        const span = (buffer: FlatBuffer) => tensors.span(buffer, first, last);
        return one(layerOf(first.label), sizes(layer), span, tensors.keptSpan(first, last));
      })
    : left.map((p) => one(p.label, numel(p.shape), (buffer) => tensors.padded(buffer, p)));
  return [...(all?.dispatches ?? []), ...updates];
}

/** What the optimizer is to do with all gradients, found in two stages from all of them together. */
interface OfAllGradients {
  dispatches: Dispatch[];
  /** What the optimizer binds of it. */
  bound: Record<string, Tensor>;
}

const ALL_GRADIENTS = 'all gradients';

function clipping(tensors: TensorTable): OfAllGradients {
  const gradient = tensors.whole('gradients');
  const count = numel(gradient.shape);
  const parts = clipParts(count);
  const [sums, clip] = [tensors.scratch('square sums', [parts, 2]), tensors.scratch('clip scale', [1])];
  const { settings } = tensors.stepState();
  return {
    bound: { clip },
    dispatches: [
      dispatchOf(squareSums, { count }, { gradient, sums }, ALL_GRADIENTS),
      dispatchOf(clipScale, { parts }, { sums, settings, clip }, ALL_GRADIENTS),
    ],
  };
}

/** Of a scaled loss: the scale undone, clipping, and nothing at all if one of them has overflowed. */
function unscaling(tensors: TensorTable, scaling: Tensor, { clip }: OptimizerForm): OfAllGradients {
  const gradient = tensors.whole('gradients');
  const count = numel(gradient.shape);
  const parts = clipParts(count);
  const sums = tensors.scratch('square sums', [parts, 4]);
  const { settings, progress } = tensors.stepState();
  return {
    bound: { scaling },
    dispatches: [
      dispatchOf(scaledSquareSums, { count }, { gradient, progress, sums }, ALL_GRADIENTS),
      dispatchOf(unscale, { parts, clip }, { sums, settings, progress, scaling }, ALL_GRADIENTS),
    ],
  };
}

/** The dispatches, which are in order, and the end of the step. */
function finished(
  work: Dispatch[],
  losses: LossNode[],
  { parts, stride }: { parts: (number | 'rows')[]; stride: number },
  tensors: TensorTable,
  scaling: Tensor | undefined,
  { rows, metricsCapacity: capacity, fuse }: PlanOptions,
): Dispatch[] {
  const shape = { parts, stride, capacity, rows };
  const bound = {
    ...tensors.stepState(),
    ...tensors.counters(),
    losses: tensors.losses(parts.length, stride),
    metrics: tensors.metrics(parts.length),
  };
  const label = losses.map((loss) => loss.term).join(' + ');
  if (scaling) return [...work, dispatchOf(finishScaledStep, shape, { ...bound, scaling }, label)];
  return fuse ? withFinish(work, shape, bound, label) : [...work, finishDispatch(shape, bound, label)];
}
