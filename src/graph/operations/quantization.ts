// The operations of a quantised code. Rows of the operations' table (table.ts).
import { GraphError } from '../../errors.js';
import type { Quantization } from './map-operations.js';
import type { Operation, OpRow } from './ops.js';
import { at, matrix, numel, type Shape, showShape } from './shapes.js';

type Rows = { [Name in Quantization['op']]: OpRow<Extract<Operation, { op: Name }>> };

/** @returns rows of z, columns, and vectors of the codebook */
function sizesOf(z: Shape | undefined, codebook: Shape | undefined, what: string): [number, number, number] {
  const [rows, columns] = matrix(z, `${what}: z`);
  const [codes, dimensions] = matrix(codebook, `${what}: codebook`);
  if (columns !== dimensions)
    throw new GraphError(`${what}: z has ${columns} columns and codebook ${dimensions}, must have as many`);
  return [rows, columns, codes];
}

function checkShape(shape: Shape, wanted: Shape, what: string): void {
  if (showShape(shape) !== showShape(wanted))
    throw new GraphError(`${what} is ${showShape(shape)}, must be ${showShape(wanted)}`);
}

export const QUANTIZATION: Rows = {
  nearest_code: {
    shape: (inputs, _, label) => [sizesOf(inputs[0], inputs[1], `nearest_code "${label}"`)[0]],
    // Which vector is nearest jumps: nothing of it flows back.
    gradient: () => [null, null],
  },
  take_code: {
    shape: (inputs, _, label) => {
      const [rows, columns] = sizesOf(inputs[0], inputs[1], `take_code "${label}"`);
      checkShape(at(inputs, 2), [rows], `take_code "${label}": nearest`);
      return [rows, columns];
    },
    gradient: (_node, _operation, dy) => [dy, null, null],
  },
  code_counts: {
    shape: (inputs, { area, codes }, label) => {
      const rows = numel(at(inputs, 0));
      if (!Number.isInteger(area) || area < 1 || rows % area)
        throw new GraphError(
          `code_counts "${label}": nearest has ${rows} rows, must have a multiple of area (${area}), which is a positive integer`,
        );
      return [codes];
    },
    gradient: () => [null],
  },
  perplexity: {
    shape: (_, { rows }) => [rows],
    gradient: () => [null],
  },
  update_codebook: {
    shape: (inputs, _, label) => {
      const what = `update_codebook "${label}"`;
      const [rows, columns, codes] = sizesOf(inputs[0], inputs[3], what);
      checkShape(at(inputs, 1), [rows], `${what}: nearest`);
      checkShape(at(inputs, 2), [codes], `${what}: counts`);
      checkShape(at(inputs, 4), [codes], `${what}: running counts`);
      checkShape(at(inputs, 5), [codes, columns], `${what}: running sums`);
      return [codes];
    },
  },
};
