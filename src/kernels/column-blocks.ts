// How workgroups share out a matrix whose columns are summed (shaders/lib/column_sum.wgsl), or of which each column is treated in
// its own way (lib/norm/strip.wgsl): blocks of columns, and parts of the rows.
import { type Constants, ceilDiv, checkGrid, type Grid, MAX_GROUPS } from './kernel.js';

/** Lanes: as many as WebGPU guarantees, for a column is often all that there is. */
const COLUMN_WORKGROUP = 256;
/** Columns of a workgroup at most: 64 bytes side by side, and 16 rows at a time. */
const MOST_BLOCK = 16;
/** Rows of a part; one workgroup walks them in 64 turns of 16. */
const PART_ROWS = 1024;
/** As many as one workgroup then adds up in 16 turns. */
const MOST_PARTS = 256;

/** The narrowest power of two that holds the columns, up to a limit. */
const blockOf = (columns: number): number => Math.min(2 ** Math.ceil(Math.log2(columns)), MOST_BLOCK);

export const columnConstants = (columns: number): Constants => ({
  WORKGROUP: COLUMN_WORKGROUP,
  BLOCK: blockOf(columns),
});

export const columnGrid = (columns: number, parts = 1): Grid =>
  checkGrid([ceilDiv(columns, blockOf(columns)), parts, 1], `${columns} columns`);

/** How many parts `rows` rows are summed in, and how many rows each has. */
export function rowParts(rows: number): { parts: number; part: number } {
  const part = Math.max(PART_ROWS, ceilDiv(rows, MOST_PARTS));
  return { parts: ceilDiv(rows, part), part: Math.min(part, rows) };
}

/** Rows that a lane's strip has at a time: so many turns pay for what a lane looks up of its column, and GPUs stay full. */
const STRIP_TURNS = 16;

/** Rows of a strip of a matrix [rows, columns]. */
export const stripRows = (rows: number, columns: number): number =>
  Math.max((STRIP_TURNS * COLUMN_WORKGROUP) / blockOf(columns), ceilDiv(rows, MAX_GROUPS));

export const stripGrid = (rows: number, columns: number): Grid =>
  columnGrid(columns, ceilDiv(rows, stripRows(rows, columns)));
