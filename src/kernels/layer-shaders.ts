// Shaders that only some models need: they are here once somebody has loaded them (train/layers.ts).
import { GraphError } from '../errors.js';
import type { LAYER_SHADERS } from './layer-shader-files.js';

type LayerShaders = typeof LAYER_SHADERS;

let loaded: LayerShaders | undefined;

export function provideLayerShaders(shaders: LayerShaders): void {
  loaded = shaders;
}

/** @throws GraphError if a plan is made before they are loaded */
export function layerShaders(): LayerShaders {
  if (!loaded)
    throw new GraphError('a layer that is not linear needs shaders that are not loaded: await loadLayers(spec)');
  return loaded;
}
