// A run whose curves the visitor keeps, to see those of the next one beside them. It is gone with the page.
import { type Measured, testColumn } from './measured.js';

export interface KeptRun {
  /** What the model was: 'VAE, latent size 2, learning rate 0.003'. */
  name: string;
  /** What its losses are of, and what they are: no others can be compared with them. */
  dataName: string;
  loss: string;
  trained: readonly Measured[];
  tested: readonly Measured[];
}

/** Steps, and the loss and the test loss at each. */
export type KeptColumns = [steps: number[], loss: number[], test: (number | null)[]];

export function keptColumns({ trained, tested }: KeptRun): KeptColumns {
  const steps = trained.map(({ step }) => step);
  return [steps, trained.map(({ losses }) => losses.loss), testColumn(steps, tested)];
}

/** Why a run of these data and this loss cannot be shown beside a kept one; nothing if it can. */
export function whyApart(kept: KeptRun, { dataName, loss }: Pick<KeptRun, 'dataName' | 'loss'>): string | undefined {
  if (kept.dataName !== dataName) return `its data are others (${kept.dataName})`;
  return kept.loss === loss ? undefined : `its loss is another (${kept.loss})`;
}
