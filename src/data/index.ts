/**
 * Readers of NumPy's files and of tables, for pages that take such files; in Node all of it is in latentgpu/node.
 * @module latentgpu/data
 */

export { type ExampleForm, examplesFromArrays, formOf, type ImageLayout } from './as-examples.js';
export {
  classesOf,
  type FileClasses,
  type FileLabels,
  type KnownClasses,
  type Parts as LabelledParts,
} from './classes.js';
export { CsvReader, type RowListener } from './csv.js';
export type { HostArray, NumericArray } from './elements.js';
export { chosenGaps, fillGaps, type GappedRows, type Gaps } from './missing.js';
export {
  isNamedPart,
  type NamedPart,
  type NamedParts,
  namedParts,
  type Tensors as FileTensors,
  tensorArrays,
} from './named-arrays.js';
export { decodeNpy, decodeNpz, isNpy } from './npy.js';
export { type PixelColumns, pixelColumns } from './pixel-table.js';
export { type Table, TableBuilder, type TableColumn, type TableForm, type TableOptions } from './table.js';
