// Units that are left out at random. A row of the operations' table (table.ts).
import { GraphError } from '../../errors.js';
import type { Dropout } from './map-operations.js';
import type { OpRow } from './ops.js';
import { at } from './shapes.js';

export const DROPOUT: { dropout: OpRow<Dropout> } = {
  dropout: {
    shape: (inputs, { probability, layer }, label) => {
      if (!(probability >= 0 && probability < 1))
        throw new GraphError(`dropout "${label}": probability is ${probability}, must be 0 or more and below 1`);
      if (!Number.isInteger(layer) || layer < 0)
        throw new GraphError(`dropout "${label}": layer is ${layer}, must be a non-negative integer`);
      return at(inputs, 0);
    },
    // y is linear in x, so its gradient is the same of dy, by the same draws.
    gradient: (node, { probability, layer }, dy, append) => [
      append({ op: 'dropout', probability, layer }, [dy], node.label),
    ],
  },
};
