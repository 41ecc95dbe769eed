// Plans for tests that need no GPU, and what must hold of every plan, checked without the code that makes them: a plan is
// walked dispatch by dispatch as the GPU would, with a note of whose values each piece of memory holds.
import { type ModelGraph, trainingGraph } from '../../../src/graph/build.js';
import { parameterSpecs } from '../../../src/graph/layers.js';
import type { Access } from '../../../src/kernels/kernel.js';
import type { MatmulVariant } from '../../../src/kernels/matmul/matmul.js';
import { type OptimizerForm, type StateBuffer, stateBuffers } from '../../../src/kernels/optimizer.js';
import type { NumberType } from '../../../src/kernels/stored.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import { layoutOf } from '../../../src/plan/layout.js';
import { makePlan } from '../../../src/plan/make.js';
import type { Binding, Dispatch, Plan, Resource, Tensor } from '../../../src/plan/plan.js';
import { provideAllLayers } from './layers.js';

provideAllLayers();

export interface PlanVariant {
  fuse: boolean;
  /** Of every matmul; tiled if absent. */
  matmulVariant?: MatmulVariant;
  /** Plain Adam if absent. */
  optimizer?: OptimizerForm;
  keepGradients?: boolean;
  /** f32 if absent. */
  precision?: NumberType;
}

/** A plan of any graph of the model, for `rows` rows and a dataset of `imageBytes`. */
export function planOf(
  spec: ModelSpec,
  graph: ModelGraph,
  rows: number,
  { fuse, matmulVariant = { name: 'tiled' }, optimizer, keepGradients = false, precision = 'f32' }: PlanVariant,
): Plan {
  const sizes = {
    layout: layoutOf(parameterSpecs(spec)),
    rows,
    imageBytes: 1000,
    labelBytes: 100,
    metricsCapacity: 64,
  };
  return makePlan('test plan', graph, {
    ...sizes,
    choose: () => matmulVariant,
    fuse,
    keepGradients,
    precision,
    ...(optimizer && { optimizer }),
  });
}

export const trainingPlan = (spec: ModelSpec, batch: number, variant: PlanVariant): Plan =>
  planOf(spec, trainingGraph(spec, batch), batch, variant);

/** Held before the plan runs; everything else must be written before it is read. */
const GIVEN = new Set<Resource>([
  'parameters',
  'moment1',
  'moment2',
  'halves',
  'settings',
  'counters',
  'images',
  'labels',
  'input',
]);

const reads = (access: Access) => access !== 'write';
const writes = (access: Access) => access === 'write' || access === 'read_write';

interface Range {
  from: number;
  to: number;
}

const meet = (a: Range, b: Range) => a.from < b.to && b.from < a.to;

const rangeOf = ({ place, bytes }: Tensor): Range =>
  place.kind === 'resource' ? { from: place.offset, to: place.offset + bytes } : { from: 0, to: bytes };

/** Whether two tensors share a byte of memory. */
function meeting(a: Tensor, b: Tensor): boolean {
  const where = ({ place }: Tensor) => (place.kind === 'resource' ? place.resource : `scratch ${place.slot}`);
  return where(a) === where(b) && meet(rangeOf(a), rangeOf(b));
}

/** What is wrong with the plan, one line each; empty if nothing is. */
export function planFaults(plan: Plan): string[] {
  return [...scratchFaults(plan), ...resourceFaults(plan), ...plan.dispatches.flatMap(dispatchFaults)];
}

/** One dispatch must not write what it also binds otherwise, and must bind what is aligned and within its memory. */
function dispatchFaults(dispatch: Dispatch): string[] {
  const faults: string[] = [];
  dispatch.bindings.forEach((one, i) => {
    for (const other of dispatch.bindings.slice(i + 1))
      if ((writes(one.access) || writes(other.access)) && meeting(one.tensor, other.tensor))
        faults.push(`${named(dispatch, one)} and ${other.name} are the same memory, and one is written`);
    if (rangeOf(one.tensor).from % 256 !== 0) faults.push(`${named(dispatch, one)} is not aligned to 256 bytes`);
  });
  return faults;
}

const named = ({ label, kernel }: Dispatch, { name }: Binding) => `${label} (${kernel}): ${name}`;

/** Each slot holds one tensor at a time: whoever reads must find the tensor that it asks for. */
function scratchFaults({ dispatches, scratch }: Plan): string[] {
  const faults: string[] = [];
  const holds = new Map<number, Tensor>();
  for (const dispatch of dispatches) {
    const bindings = dispatch.bindings.filter(({ tensor }) => tensor.place.kind === 'scratch');
    const slotOf = ({ tensor }: Binding) => (tensor.place.kind === 'scratch' ? tensor.place.slot : -1);
    for (const binding of bindings) {
      const held = holds.get(slotOf(binding));
      if (reads(binding.access) && held !== binding.tensor)
        faults.push(`${named(dispatch, binding)} reads ${binding.tensor.name}, finds ${held?.name ?? 'nothing'}`);
      if (binding.tensor.bytes > (scratch[slotOf(binding)] ?? 0))
        faults.push(`${named(dispatch, binding)} is larger than its slot`);
    }
    for (const binding of bindings) if (writes(binding.access)) holds.set(slotOf(binding), binding.tensor);
  }
  return faults;
}

/** Resources that are not given are written before they are read; what is updated in place is read by nobody after. */
function resourceFaults({ dispatches }: Plan): string[] {
  const faults: string[] = [];
  const written: Tensor[] = [];
  const updated: Tensor[] = [];
  for (const dispatch of dispatches) {
    for (const binding of dispatch.bindings) {
      const { tensor, access } = binding;
      if (tensor.place.kind !== 'resource') continue;
      const { resource } = tensor.place;
      if (reads(access) && !GIVEN.has(resource) && !written.some((t) => meeting(t, tensor)))
        faults.push(`${named(dispatch, binding)} reads ${resource} that nobody wrote`);
      if (updated.some((t) => meeting(t, tensor)))
        faults.push(`${named(dispatch, binding)} touches ${tensor.name} after its update`);
      if (access === 'write' && written.some((t) => meeting(t, tensor)))
        faults.push(`${named(dispatch, binding)} writes ${tensor.name} a second time`);
    }
    for (const { tensor, access } of dispatch.bindings) {
      if (access === 'write') written.push(tensor);
      if (access === 'read_write') updated.push(tensor);
    }
  }
  return faults;
}

/** Every parameter must be updated, byte for byte, with the state that it has; `kept`: and its gradient be written. */
export function uncoveredParameters(
  { dispatches }: Plan,
  spec: ModelSpec,
  { form, kept = false }: { form?: OptimizerForm; kept?: boolean } = {},
): string[] {
  const state: StateBuffer[] = form ? stateBuffers(form) : ['moment1', 'moment2'];
  const all = dispatches.flatMap((dispatch) => dispatch.bindings);
  const covers = (resource: Resource, access: Access, range: Range) =>
    all.some(
      ({ tensor, access: how }) =>
        how === access &&
        tensor.place.kind === 'resource' &&
        tensor.place.resource === resource &&
        rangeOf(tensor).from <= range.from &&
        range.to <= rangeOf(tensor).to,
    );
  return layoutOf(parameterSpecs(spec)).entries.flatMap(({ parameter, offset, bytes }) => {
    if (parameter.trained === false) return [];
    const range = { from: offset, to: offset + bytes };
    const missing = [
      ...(!kept || covers('gradients', 'write', range) ? [] : ['gradient']),
      ...(['parameters', ...state] as const).filter((each) => !covers(each, 'read_write', range)),
    ];
    return missing.map((what) => `${parameter.name}: ${what}`);
  });
}
