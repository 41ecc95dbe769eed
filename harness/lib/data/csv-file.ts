// Examples from tables of text: a .csv or .tsv file with a row each, or a folder of two such files. Read piece by piece.
import fs from 'node:fs';
import { CsvReader } from 'latentgpu/node';
import type { RowsOf } from './rows.js';

const TABLE = /\.(?:csv|tsv)$/i;
const PIECE = 2 ** 20;

export const isCsv = (file: string): boolean => TABLE.test(file);

/** Feeds a file to a listener. */
export const readCsv: RowsOf = async (file, listener, progress) => {
  const reader = new CsvReader(file, listener);
  const total = fs.statSync(file).size;
  let read = 0;
  for await (const piece of fs.createReadStream(file, { highWaterMark: PIECE })) {
    reader.push(piece);
    read += piece.length;
    progress(file, read, total);
  }
  reader.end();
};
