// The end of a step in a plan: a dispatch of its own or, fused, the end of a matmul that comes after the losses anyway.

import {
  type FINISH_BINDINGS,
  type FinishShape,
  finishFlops,
  finishSizes,
  finishStep,
} from '../../kernels/finish-step.js';
import { bindingNumbers } from '../../kernels/kernel.js';
import { endingStep, endsFree } from '../../kernels/matmul/epilogues.js';
import type { Dispatch, Tensor } from '../plan.js';
import { bindingsOf, dispatchOf, traffic } from './call.js';

/** WebGPU's guaranteed maxStorageBuffersPerShaderStage. */
const MAX_STORAGE_BUFFERS = 8;

/** The tensors by the names of FINISH_BINDINGS. */
export type FinishTensors = Record<keyof typeof FINISH_BINDINGS, Tensor>;

export const finishDispatch = (shape: FinishShape, tensors: FinishTensors, label: string): Dispatch =>
  dispatchOf(finishStep, shape, tensors, label);

/**
 * `dispatches`, which are in order, with the end of the step in one of them: the first matmul after the last that writes
 * losses whose end is free and that has room for the bindings. Otherwise it is a dispatch more.
 */
export function withFinish(
  dispatches: Dispatch[],
  shape: FinishShape,
  tensors: FinishTensors,
  label: string,
): Dispatch[] {
  const last = dispatches.findLastIndex(({ bindings }) => bindings.some(writesLosses));
  const host = dispatches.findIndex((dispatch, index) => index > last && canFinish(dispatch, tensors));
  if (host < 0) return [...dispatches, finishDispatch(shape, tensors, label)];
  return dispatches.map((dispatch, index) => (index === host ? finishing(dispatch, shape, tensors) : dispatch));
}

const writesLosses = ({ access, tensor: { place } }: Dispatch['bindings'][number]) =>
  access === 'write' && place.kind === 'resource' && place.resource === 'losses';

function canFinish(dispatch: Dispatch, tensors: FinishTensors): boolean {
  const bindings = [...dispatch.bindings, ...added(dispatch, tensors)];
  return (
    endsFree(dispatch.sources) && bindings.filter(({ access }) => access !== 'uniform').length <= MAX_STORAGE_BUFFERS
  );
}

/** What of the finish's tensors the dispatch does not bind yet. */
const added = ({ bindings }: Dispatch, tensors: FinishTensors) =>
  bindingsOf(finishStep, tensors, 'finish').filter(({ name }) => bindings.every((bound) => bound.name !== name));

function finishing(dispatch: Dispatch, shape: FinishShape, tensors: FinishTensors): Dispatch {
  const more = added(dispatch, tensors);
  const bindings = [...dispatch.bindings, ...more];
  const knowsStep = more.every(({ name }) => name !== 'progress');
  const access = Object.fromEntries(bindings.map((binding) => [binding.name, binding.access]));
  return {
    ...dispatch,
    kernel: `${dispatch.kernel}+${finishStep.name}`,
    sources: endingStep(dispatch.sources, knowsStep),
    header: { ...dispatch.header, ...bindingNumbers(access) },
    constants: { ...dispatch.constants, WORKGROUP: dispatch.workgroup },
    sizes: { ...dispatch.sizes, ...finishSizes(shape) },
    bindings,
    flops: dispatch.flops + finishFlops(shape),
    bytes: dispatch.bytes + (finishStep.bytes?.(shape) ?? more.reduce((sum, binding) => sum + traffic(binding), 0)),
  };
}
