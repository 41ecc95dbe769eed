// A model's layers as a table: what each is, what it gives, what it holds.
import { type LayerSpec, type LayerSummary, type ModelSpec, summarizeModel } from 'latentgpu/node';
import { plainTable } from './table.js';

/** Told elsewhere in the row. */
const NOT_TOLD = ['kind', 'activation', 'units', 'channels', 'height', 'width', 'layers'];

/** A row a layer, and how many numbers there are in all. */
export function layerTable(spec: ModelSpec): string {
  const layers = summarizeModel(spec);
  const total = (of: (layer: LayerSummary) => number) => layers.reduce((sum, layer) => sum + of(layer), 0);
  const [parameters, buffers] = [total((layer) => layer.parameters), total((layer) => layer.buffers)];
  const megabytes = ((4 * (parameters + buffers)) / 1e6).toFixed(2);
  return [
    plainTable({
      head: ['name', 'layer', 'output', 'parameters', ...(buffers > 0 ? ['buffers'] : [])],
      rows: layers.map((layer) => [
        layer.name,
        layer.name === 'codebook' ? codebookText(spec) : layerText(layer.spec),
        layer.output.join('x'),
        number(layer.parameters),
        ...(buffers > 0 ? [number(layer.buffers)] : []),
      ]),
      words: [0, 1],
    }),
    `${number(parameters)} parameters${buffers > 0 ? ` and ${number(buffers)} in buffers` : ''}, ${megabytes} MB`,
  ].join('\n');
}

/** conv, kernel 4, stride 2, padding 1, relu */
function layerText(layer: LayerSpec | undefined): string {
  if (!layer) return 'parameter';
  const told = Object.entries(layer).filter(([key]) => !NOT_TOLD.includes(key));
  const activation = 'activation' in layer ? (layer.activation ?? 'identity') : 'identity';
  return [
    layer.kind ?? 'linear',
    ...told.map(([key, value]) => (value === false ? `no ${key}` : `${key} ${[value].flat().join('x')}`)),
    ...(activation === 'identity' ? [] : [activation]),
  ].join(', ');
}

const codebookText = ({ code }: ModelSpec): string =>
  code.kind === 'quantized' ? `codebook, ${number(code.codes)} vectors of ${code.dimensions}` : '';

const number = (value: number) => value.toLocaleString('en-US');
