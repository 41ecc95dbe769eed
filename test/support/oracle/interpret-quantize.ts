// What the operations of a quantised code mean, in f64 (interpret.ts), and what a step makes of the codebook: van den
// Oord et al. 2017, appendix A.1, with Sonnet's smoothing; a vector below a twentieth of an even share is drawn anew.
import type { Quantization } from '../../../src/graph/operations/map-operations.js';
import type { Node } from '../../../src/graph/operations/ops.js';
import { pickAt, STREAM } from '../../../src/random.js';
import type { Rule, StepLeaves, Values } from './interpret-types.js';

type Rules = { [Name in Quantization['op']]: Rule<Name> };

const EPSILON = 1e-5;
const LEAST_SHARE = 0.05;

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the interpreter lacks an input');
  return value;
}

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);

/** Squared distances of a row from each vector. */
export function distancesOf(row: ArrayLike<number>, codebook: ArrayLike<number>): number[] {
  const columns = row.length;
  return Array.from({ length: codebook.length / columns }, (_, code) =>
    sum(Array.from(row, (value, column) => (value - given(codebook[code * columns + column])) ** 2)),
  );
}

export const QUANTIZATION_RULES: Rules = {
  nearest_code: ({ node, x: [z, codebook] }) => {
    const columns = given(z).length / given(node.shape[0]);
    return Float64Array.from({ length: given(node.shape[0]) }, (_, row) => {
      const distances = distancesOf(given(z).subarray(row * columns, (row + 1) * columns), given(codebook));
      return distances.indexOf(Math.min(...distances));
    });
  },
  take_code: ({ node, x: [, codebook, nearest] }) => {
    const columns = given(node.shape[1]);
    return Float64Array.from({ length: given(nearest).length * columns }, (_, i) =>
      given(codebook?.[given(nearest?.[Math.floor(i / columns)]) * columns + (i % columns)]),
    );
  },
  code_counts: ({ x: [nearest], leaves }, { area, codes }) => {
    const counts = new Float64Array(codes);
    for (const code of given(nearest).subarray(0, given(leaves.step).rows * area))
      counts[code] = given(counts[code]) + 1;
    return counts;
  },
  perplexity: ({ x: [counts] }, { rows }) => {
    const total = sum(given(counts));
    const entropy = -sum(given(counts).map((count) => (count > 0 ? (count / total) * Math.log(count / total) : 0)));
    return new Float64Array(rows).fill(Math.exp(entropy));
  },
  update_codebook: ({ x }, { decay }) => {
    const { counts, dead, total } = countsAfter(given(x[2]), given(x[4]), decay);
    const smoothed = counts.map((count) => ((count + EPSILON) / (total + counts.length * EPSILON)) * total);
    return Float64Array.from(smoothed, (size, code) => (dead[code] ? -size : size));
  },
};

/** The running counts after a step whose own are `counts`, and which vectors are dead. */
export function countsAfter(counts: ArrayLike<number>, running: ArrayLike<number>, decay: number) {
  const after = Array.from(running, (before, code) => decay * before + (1 - decay) * given(counts[code]));
  const total = sum(after);
  const least = (LEAST_SHARE * total) / after.length;
  return { counts: after.map((count) => Math.max(count, least)), dead: after.map((count) => count < least), total };
}

/** What a step makes of the codebooks and their running counts and sums, by their parameters. */
export function codebookUpdates(
  nodes: readonly Node[],
  values: ReadonlyMap<Node, Values>,
  at: Pick<StepLeaves, 'rows' | 'seed' | 'step'>,
): Map<Node, Values> {
  return new Map(
    nodes.flatMap((node): [Node, Values][] => {
      const { operation, inputs } = node;
      if (operation.op !== 'update_codebook') return [];
      const [z, nearest, counts, vectors, running, sums] = inputs.map((input) => given(values.get(input)));
      const { area, decay } = operation;
      const after = countsAfter(given(counts), given(running), decay).counts;
      const sizes = given(values.get(node));
      const columns = given(sums).length / sizes.length;
      const live = at.rows * area;
      const numbers = Array.from(given(sums), (before, i) => {
        const [code, column] = [Math.floor(i / columns), i % columns];
        const size = given(sizes[code]);
        const zAt = (row: number) => given(z?.[row * columns + column]);
        if (size < 0) {
          const drawn = zAt(pickAt(at.seed, STREAM.codebook, at.step, code, live));
          return { vector: drawn, sum: -size * drawn };
        }
        const own = sum(Array.from({ length: live }, (_, row) => (nearest?.[row] === code ? zAt(row) : 0)));
        const kept = decay * before + (1 - decay) * own;
        return { vector: kept / size, sum: kept };
      });
      if (numbers.length !== vectors?.length) throw new Error('sums and vectors of a codebook must be as many');
      return [
        [given(inputs[3]), Float64Array.from(numbers, ({ vector }) => vector)],
        [given(inputs[4]), Float64Array.from(after)],
        [given(inputs[5]), Float64Array.from(numbers, ({ sum: each }) => each)],
      ];
    }),
  );
}
