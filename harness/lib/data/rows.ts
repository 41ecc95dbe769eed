// What readers of tables and of many files have in common: how rows come, and who hears how far they are.
import type { RowListener } from 'latentgpu/node';

/** Bytes (or files) that have been read, of how many. */
export type ReadProgress = (file: string, read: number, total: number) => void;

/** How a format gives its rows to a listener. */
export type RowsOf = (file: string, listener: RowListener, progress: ReadProgress) => Promise<void>;
