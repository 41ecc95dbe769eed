// A quantised code, lowered: one kernel an operation, two for the codebook, whose counts must all be known first (layers.ts).
import { type Node, numel } from '../../graph/operations/ops.js';
import {
  codebookSizes,
  codebookVectors,
  codeCounts,
  codeWidthOf,
  nearestCode,
  perplexity,
  takeCode,
} from '../../kernels/layers/quantize.js';
import type { Dispatch } from '../plan.js';
import { type Context, dispatchOf, input, operationOf, rowsAndColumns } from './call.js';

export function nearestCodeDispatch(node: Node, { tensors }: Context): Dispatch {
  const [z, codebook] = [input(node, 0), input(node, 1)];
  const shape = { ...rowsAndColumns(z), codes: rowsAndColumns(codebook).rows };
  const bound = { z: tensors.of(z), codebook: tensors.of(codebook), nearest: tensors.of(node) };
  return dispatchOf(nearestCode(codeWidthOf(shape)), shape, bound, node.label);
}

export function takeCodeDispatch(node: Node, { tensors }: Context): Dispatch {
  const bound = { codebook: tensors.of(input(node, 1)), nearest: tensors.of(input(node, 2)), y: tensors.of(node) };
  return dispatchOf(takeCode, rowsAndColumns(node), bound, node.label);
}

export function codeCountsDispatch(node: Node, { tensors }: Context): Dispatch {
  const nearest = input(node, 0);
  const { area, codes } = operationOf(node, 'code_counts');
  const { progress } = tensors.stepState();
  const bound = { nearest: tensors.of(nearest), progress, counts: tensors.of(node) };
  return dispatchOf(codeCounts, { rows: numel(nearest.shape), area, codes }, bound, node.label);
}

export function perplexityDispatch(node: Node, { tensors }: Context): Dispatch {
  const counts = input(node, 0);
  const shape = { rows: numel(node.shape), codes: numel(counts.shape) };
  return dispatchOf(perplexity, shape, { counts: tensors.of(counts), perplexity: tensors.of(node) }, node.label);
}

export function updateCodebookDispatches(node: Node, { tensors }: Context): Dispatch[] {
  const [z, nearest, counted, vectors, running, sums] = node.inputs.map((each) => tensors.of(each));
  const { area, decay } = operationOf(node, 'update_codebook');
  const shape = { ...rowsAndColumns(input(node, 0)), codes: numel(node.shape), area, decay };
  const all = { z, nearest, counts: counted, running, sizes_of: tensors.of(node), codebook: vectors, sums };
  const bound = { ...tensors.stepState(), ...(all as Record<keyof typeof all, NonNullable<typeof z>>) };
  return [dispatchOf(codebookSizes, shape, bound, node.label), dispatchOf(codebookVectors, shape, bound, node.label)];
}
