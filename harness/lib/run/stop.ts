// How a run is stopped from outside: by signals, and by a reader of its output that goes away.
import type { Report } from '../report/report.js';

/** Exit statuses by signal, as shells count them: 128 + its number. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
/** What SIGPIPE would give. Not a listener of that signal: Node would hand it every single write that fails. */
const READER_GONE = 141;

/** A wish to stop, for `trainer.train({ signal })`. */
export interface Stop {
  signal: AbortSignal;
  /** 0 until a signal came; then the exit status. */
  status: number;
}

/**
 * From now on the first Ctrl-C (or SIGTERM, SIGHUP, a reader that goes away) aborts `signal`; the second ends the process
 * at once.
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
      // By the signal itself: process.exit() would take the driver down while it works, which can crash.
      process.removeAllListeners(name);
      process.kill(process.pid, name);
    });
  const readerGone = () => {
    if (stop.status === 0) begin(READER_GONE);
  };
  process.stdout.on('error', readerGone);
  if (process.stdout.errored) readerGone();
  return stop;
}
