// Early stopping: which epoch was the best so far by the validation loss, and whether it is time to stop. Source: PyTorch
// Lightning's EarlyStopping (patience, min_delta), Prechelt 1998, "Early stopping - but when?".
import type { EpochReport } from 'latentgpu/node';

/** As it stands in a checkpoint. */
export interface BestState {
  epoch: number;
  step: number;
  /** Nats, or what the loss is in, an image. */
  loss: number;
  /** Epochs since then. */
  waited: number;
}

export interface Patience {
  /** Epochs without a better one after which training stops; without, it never does. */
  patience?: number;
  /** What an epoch must be better by, to count as better. */
  minDelta: number;
}

export class BestEpoch {
  constructor(
    private readonly options: Patience,
    public state: BestState | undefined,
  ) {}

  /** The loss that it goes by. */
  static lossOf({ validation, test }: Pick<EpochReport, 'validation' | 'test'>): number {
    return (validation ?? test).loss;
  }

  /** @returns whether this epoch is the best so far */
  consider(report: EpochReport): boolean {
    const loss = BestEpoch.lossOf(report);
    const better = this.state === undefined || loss < this.state.loss - this.options.minDelta;
    if (better) this.state = { epoch: report.epoch, step: report.step, loss, waited: 0 };
    else if (this.state) this.state = { ...this.state, waited: this.state.waited + 1 };
    return better;
  }

  /** Whether no epoch was better for as long as patience lasts. */
  get exhausted(): boolean {
    const { patience } = this.options;
    return patience !== undefined && (this.state?.waited ?? 0) >= patience;
  }
}
