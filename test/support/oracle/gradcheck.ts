// Test support: gradients (src/graph/grad.ts, operations/ops.ts) against central finite differences, in f64 on the host, and what is made
// of such tests' parameters.
//
// Step and tolerance. (f(w+h) - f(w-h)) / 2h is off by h^2/6 f''' and by rounding, about u n A / h: f is a sum of terms
// whose absolute values add up to A, each rounded some n times with u = 2^-53. At h = 2^-17 = u^(1/3) both are about
// 1e-11 A. Numbers here are of order one, so f''' is no larger than A, and n = 16 covers the chain of roundings
// (the largest error seen is an eighth of the limit). A difference quotient across a kink has no such bound, one across a jump
// of f'' (ELU's at 0) only h/4 of the jump: the tests check that none is crossed.
import * as assert from 'uvu/assert';
import type { Graph } from '../../../src/graph/graph.js';
import type { Node, Shape } from '../../../src/graph/operations/ops.js';
import type { Activation } from '../../../src/model/spec.js';
import { normalAt } from '../../../src/random.js';
import { interpret, type Leaves, type Values } from './interpret.js';

const STEP = 2 ** -17;
const ROUNDINGS = 16;
const limitOf = (absSum: number) => STEP ** 2 * absSum + (ROUNDINGS * 2 ** -53 * absSum) / STEP;

/** A sum of terms. */
export interface Loss {
  value: number;
  /** Sum of its terms' absolute values. */
  absSum: number;
}

/** A differentiable function of named values, with its gradient to be checked. */
export interface Subject {
  nodes: readonly Node[];
  leaves: Leaves;
  loss(values: Map<Node, Values>): Loss;
  /** By name of a parameter's part. */
  gradients: Map<string, Values>;
}

/** Activations whose slope, or the slope's slope (ELU), jumps at 0; both their sides keep the sign of x. */
const KINKED = new Set<Activation>(['relu', 'leaky-relu', 'elu']);

/** Which of their inputs are positive: the same at w+h and w-h, or a kink lies between. */
function signs(nodes: readonly Node[], values: Map<Node, Values>): string {
  return nodes
    .filter(({ operation }) => operation.op === 'activation' && KINKED.has(operation.activation))
    .map((node) =>
      values
        .get(node)
        ?.map((y) => Number(y > 0))
        .join(''),
    )
    .join(' ');
}

/** The elements whose gradient is not what finite differences give, as text; empty if all agree. */
function gradcheck({ nodes, leaves, loss, gradients }: Subject): string[] {
  const wrong: string[] = [];
  for (const [name, gradient] of gradients) {
    const base = leaves.parameters.get(name) ?? [];
    assert.is(gradient.length, base.length, `${name}: a gradient of the parameter's size`);
    gradient.forEach((got, i) => {
      const moved = (sign: number) => {
        const values = Float64Array.from(base);
        values[i] = (values[i] ?? 0) + sign * STEP;
        const all = interpret(nodes, { ...leaves, parameters: new Map([...leaves.parameters, [name, values]]) });
        return { ...loss(all), signs: signs(nodes, all) };
      };
      const [plus, minus] = [moved(1), moved(-1)];
      assert.is(plus.signs, minus.signs, `${name}[${i}]: no kink between w-h and w+h; choose another seed`);
      const want = (plus.value - minus.value) / (2 * STEP);
      const limit = limitOf(Math.max(plus.absSum, minus.absSum));
      // Written so that NaN is wrong.
      if (!(Math.abs(got - want) <= limit)) wrong.push(`${name}[${i}]: got ${got}, want ${want} +-${limit}`);
    });
  }
  return wrong;
}

/** The check itself, and the control: each gradient alone, scaled by 1.01, must be refused. */
export function checkSubject(subject: Subject) {
  assert.equal(gradcheck(subject), []);
  for (const [name, gradient] of subject.gradients) {
    const scaled = new Map([[name, gradient.map((g) => 1.01 * g)]]);
    assert.ok(gradcheck({ ...subject, gradients: scaled }).length > 0, `${name}: a gradient scaled by 1.01 is refused`);
  }
}

/** Of all that is drawn. */
export const SEED = 7;
/** Standard normal numbers. @param stream another one gives others */
export const normalValues = (count: number, stream: number) =>
  Float64Array.from({ length: count }, (_, i) => normalAt(SEED, stream, 0, i));

/** Of all numbers. */
export const sum = (values: Values) => values.reduce((total, value) => total + value, 0);

/** A parameter of one part. */
export const parameterNode = (graph: Graph, name: string, shape: Shape): Node =>
  graph.append(
    { op: 'parameter', name, parts: [{ name, rows: shape[0] ?? 1 }], init: { kind: 'uniform', bound: 1 } },
    [],
    name,
    shape,
  );
