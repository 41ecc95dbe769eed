// The model that the page opens with: a safetensors file beside the page, with the curves of its training. The build makes it
// (harness/page-model.ts); a page that was built where there is no adapter has none.
import { type Losses, safetensorsMetadata } from 'latentgpu';
import type { Measured } from './measured.js';

/** Test images that the page itself holds: for the map and the pictures. */
export const SHOWN = 1000;

const KEY = 'latentgpu.record';

/** Of a training that has ended. */
export interface TrainingRecord {
  step: number;
  epoch: number;
  trained: Measured[];
  tested: Measured[];
}

/** A model that was trained before the page was opened. */
export interface Pretrained {
  /** A safetensors file. */
  bytes: Uint8Array<ArrayBuffer>;
  record: TrainingRecord;
}

/** The curves in columns, which need fewer signs. */
interface Columns {
  steps: number[];
  terms: Record<string, number[]>;
}

/** What a model's file says of its training. */
export const recordOf = ({ step, epoch, trained, tested }: TrainingRecord): Record<string, string> => ({
  [KEY]: JSON.stringify({ step, epoch, trained: columnsOf(trained), tested: columnsOf(tested) }),
});

/** @throws Error if the file says nothing of its training */
export function readPretrained(bytes: Uint8Array<ArrayBuffer>): Pretrained {
  const { step, epoch, trained, tested } = JSON.parse(safetensorsMetadata(bytes)[KEY] ?? '');
  return { bytes, record: { step, epoch, trained: rowsOf(trained), tested: rowsOf(tested) } };
}

/** The page's own; nothing if it has none, or it does not come: the page then begins with fresh parameters. */
export async function fetchPretrained(): Promise<Pretrained | undefined> {
  const { pretrained } = document.documentElement.dataset;
  if (pretrained === undefined) return undefined;
  try {
    const response = await fetch(pretrained);
    return response.ok ? readPretrained(new Uint8Array(await response.arrayBuffer())) : undefined;
  } catch {
    return undefined;
  }
}

function columnsOf(measured: readonly Measured[]): Columns {
  const terms = Object.keys(measured[0]?.losses ?? {}) as (keyof Losses)[];
  return {
    steps: measured.map(({ step }) => step),
    terms: Object.fromEntries(terms.map((term) => [term, measured.map(({ losses }) => losses[term] ?? 0)])),
  };
}

const rowsOf = ({ steps, terms }: Columns): Measured[] =>
  steps.map((step, i) => {
    const losses = Object.entries(terms).map(([term, values]) => [term, values[i]]);
    return { step, losses: Object.fromEntries(losses) };
  });
