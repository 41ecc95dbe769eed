// How a run is stopped from outside: the first signal ends it in good order, the second at once. A terminal that goes away
// sends SIGHUP.
import type { Report } from '../report/report.js';
import { letGoOfTerminals } from './terminal.js';

/** Exit statuses by signal, as shells count them: 128 + its number. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A wish to stop, for `trainer.train({ signal })`. */
export interface Stop {
  signal: AbortSignal;
  /** 0 until a signal came; then the exit status. */
  status: number;
}

/**
 * From now on the first Ctrl-C (or SIGTERM, SIGHUP) aborts `signal`; the second ends the process at once, and what came
 * after the last checkpoint is lost.
 */
export function stopOnSignals(report: Pick<Report, 'say' | 'clear'>): Stop {
  const abort = new AbortController();
  const stop: Stop = { signal: abort.signal, status: 0 };
  const begin = (status: number) => {
    stop.status = status;
    abort.abort();
    report.say('stopping after this step, then testing and writing the results (once more stops at once)');
  };
  for (const [name, status] of Object.entries(SIGNALS) as [NodeJS.Signals, number][])
    process.on(name, () => {
      if (stop.status === 0) return begin(status);
      report.clear();
      letGoOfTerminals();
      // By the signal itself: process.exit() would take the driver down while it works, which can crash.
      process.removeAllListeners(name);
      process.kill(process.pid, name);
    });
  return stop;
}
