// What only models with layers that are not linear need is a file of its own for pages (plan/lowering/layers.ts, train/layers.ts). Here
// the rest of the engine finds its parts, once they are loaded.
import { GraphError } from '../errors.js';

export class OnDemand<T> {
  /** Undefined until somebody has loaded it. */
  loaded: T | undefined;

  /** @throws GraphError if it is not loaded */
  get(): T {
    if (this.loaded === undefined)
      throw new GraphError('a layer that is not linear needs what is not loaded: await loadLayers(spec)');
    return this.loaded;
  }
}
