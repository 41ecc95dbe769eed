// What a model's layers need beyond the engine itself, loaded before graphs and plans are made of them.
import { kindOfLayer } from '../model/layers.js';
import type { ModelSpec } from '../model/spec.js';
import { provideLayers } from '../plan/lowering/provide-layers.js';

/** Loads what layers need that are not linear, a quantised code, or several samples of a code, if there are any. */
export async function loadLayers({ encoder, code, decoder, loss }: ModelSpec): Promise<void> {
  const linear = [...encoder, ...decoder].every((layer) => kindOfLayer(layer) === 'linear');
  if (linear && code.kind !== 'quantized' && loss.samples === undefined) return;
  const { LAYERS } = await import('../plan/lowering/layers.js');
  provideLayers(LAYERS);
}
