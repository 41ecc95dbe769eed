// What a model's layers need beyond the engine itself, loaded before plans are made of them.
import { provideLayerShaders } from '../kernels/layer-shaders.js';
import { kindOfLayer } from '../model/layers.js';
import type { ModelSpec } from '../model/spec.js';

/** Loads the shaders of layers that are not linear, if there are any. */
export async function loadLayers({ encoder, decoder }: ModelSpec): Promise<void> {
  if ([...encoder, ...decoder].every((layer) => kindOfLayer(layer) === 'linear')) return;
  const { LAYER_SHADERS } = await import('../kernels/layer-shader-files.js');
  provideLayerShaders(LAYER_SHADERS);
}
