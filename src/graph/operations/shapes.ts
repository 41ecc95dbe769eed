// Shapes of graph nodes, and what the operations' shape rules have in common.
import { GraphError } from '../../errors.js';

/** Sizes, slowest axis first; [] is a scalar. */
export type Shape = readonly number[];

/** Number of elements. */
export function numel(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** @throws GraphError, which begins with `what`, if the shape is no matrix */
export function matrix(shape: Shape | undefined, what: string): [number, number] {
  const [rows, columns] = shape ?? [];
  if (shape?.length !== 2 || rows === undefined || columns === undefined)
    throw new GraphError(`${what} is ${showShape(shape ?? [])}, must be a matrix [rows, columns]`);
  return [rows, columns];
}

/** @throws GraphError, which begins with `what`, if they differ */
export function sameShape(a: Shape | undefined, b: Shape | undefined, what: string): Shape {
  if (!a || !b || showShape(a) !== showShape(b))
    throw new GraphError(`${what}: ${showShape(a ?? [])} and ${showShape(b ?? [])} must have one shape`);
  return a;
}

/** Item `index` of an operation's inputs or of a shape. */
export function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new GraphError(`an operation has ${list.length} inputs, needs input ${index}`);
  return item;
}
