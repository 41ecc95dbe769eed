/**
 * Readers of NumPy's files and of tables, for pages that take such files; in Node all of it is in latentgpu/node.
 * @module latentgpu/data
 */

export { type ExampleForm, examplesFromArrays, formOf, type ImageLayout } from './as-examples.js';
export { CsvReader, type RowListener } from './files/csv.js';
export type { HostArray, NumericArray } from './files/elements.js';
export {
  isNamedPart,
  type NamedPart,
  type NamedParts,
  namedParts,
  type Tensors as FileTensors,
  tensorArrays,
} from './files/named-arrays.js';
export { decodeNpy, decodeNpz, isNpy } from './files/npy.js';
export {
  classesOf,
  type FileClasses,
  type FileLabels,
  type KnownClasses,
  type Parts as LabelledParts,
} from './tables/classes.js';
export { chosenGaps, fillGaps, type GappedRows, type Gaps } from './tables/missing.js';
export { type PixelColumns, pixelColumns } from './tables/pixel-table.js';
export { type Table, TableBuilder, type TableColumn, type TableForm, type TableOptions } from './tables/table.js';
