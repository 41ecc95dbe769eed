// What a person sees while a program works: on a terminal a progress bar that redraws itself, elsewhere (a file, a pipe,
// CI) a plain line now and then. Only formats and prints; numbers come from the trainer. With `quiet` it prints nothing.
import cliProgress from 'cli-progress';
import type { EpochReport, LayerProgress, LayerReport, Progress } from 'latentgpu/node';
import type { DataListener } from '../data/data.js';
import { lossText, type NamedTerm } from './losses.js';
import { canPrint, print } from './print.js';

const PLAIN_EVERY_MS = 10_000;
const BAR_MOST = 40;

/** Where a report goes: process.stdout, or a test's own. */
export type ReportStream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

export interface ReportOptions {
  quiet: boolean;
  stream?: ReportStream;
  /** Where warnings go; process.stderr by default. */
  warnings?: NodeJS.WritableStream;
  now?: () => number;
}

export class Report implements DataListener {
  private readonly stream: ReportStream;
  private readonly warnings: NodeJS.WritableStream;
  private readonly quiet: boolean;
  private readonly now: () => number;
  private bar: cliProgress.SingleBar | undefined;
  private lastLine = 0;
  private terms: readonly NamedTerm[] = [];

  constructor({ quiet, stream = process.stdout, warnings = process.stderr, now = Date.now }: ReportOptions) {
    this.warnings = warnings;
    this.quiet = quiet;
    this.stream = stream;
    this.now = now;
  }

  /** A line, above the bar if there is one. */
  say(line: string): void {
    if (this.quiet) return;
    this.clear();
    print(line, this.stream);
  }

  /** Takes the bar away, if there is one: the terminal is as it was. The next progress brings it back. */
  clear(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  download(file: string, received: number, total: number | undefined): void {
    if (total !== undefined && received >= total) {
      this.clear();
      return;
    }
    const size = total === undefined ? '' : ` of ${megabytes(total)}`;
    this.draw(received, total ?? 0, { left: file, right: `${megabytes(received)}${size} MB` });
  }

  /** Steps go on; prints only on a terminal, or if the last plain line is a while ago. */
  progress(p: Progress | LayerProgress): void {
    if (this.quiet) return;
    const left = `${place(p)}epoch ${p.epoch}/${p.epochs}`;
    if (this.stream.isTTY) {
      this.draw(p.step, p.stepsTotal, { left, right: this.describeProgress(p) });
    } else if (this.now() - this.lastLine >= PLAIN_EVERY_MS) {
      this.lastLine = this.now();
      this.say(`  ${left}  ${this.describeProgress(p)}`);
    }
  }

  /** Work goes on that has no steps of training: a bar on a terminal, elsewhere a plain line now and then. */
  work(done: number, total: number, what: string): void {
    if (this.quiet) return;
    if (this.stream.isTTY) this.draw(done, total, { left: `${done}/${total}`, right: what });
    else if (this.now() - this.lastLine >= PLAIN_EVERY_MS) {
      this.lastLine = this.now();
      this.say(`  ${done}/${total}  ${what}`);
    }
  }

  /** What the run survives and a person should know; also where nothing else is printed. */
  warn(message: string): void {
    this.clear();
    print(`warning: ${message}`, this.warnings);
  }

  /** What is trained from now on has a loss of these terms; the next plain line is due in a while. */
  start(terms: readonly NamedTerm[]): void {
    this.terms = terms;
    this.lastLine = this.now();
  }

  epoch(report: EpochReport | LayerReport, epochs: number): void {
    this.lastLine = this.now();
    const { epoch, step, complete, seconds, stepsPerSecond } = report;
    const [train, test] = [report.train, report.test].map((losses) => lossText(losses, this.terms));
    this.say(
      `${place(report)}epoch ${epoch}/${epochs}${complete ? '' : ' (part)'}  step ${step}  train ${train}  test ${test}  ` +
        `${duration(seconds)}, ${speed(stepsPerSecond)}`,
    );
  }

  private describeProgress({ step, stepsTotal, losses, stepsPerSecond }: Progress): string {
    const left = stepsPerSecond > 0 ? ` ${duration((stepsTotal - step) / stepsPerSecond)} left` : '';
    return `step ${step}/${stepsTotal} loss ${lossText(losses, this.terms)} ${speed(stepsPerSecond)}${left}`;
  }

  /** Shows `value` of `total` on the terminal, if it is one. */
  private draw(value: number, total: number, payload: { left: string; right: string }): void {
    if (this.quiet || !this.stream.isTTY || !canPrint(this.stream)) return;
    if (this.bar === undefined) {
      this.bar = new cliProgress.SingleBar({
        stream: this.stream,
        format: (_options, params, words) => barLine(params, words as typeof payload, this.stream.columns ?? 80),
        clearOnComplete: true,
        emptyOnZero: true,
        linewrap: true,
        gracefulExit: false,
      });
      this.bar.start(total, value, payload);
    } else {
      this.bar.setTotal(total);
      this.bar.update(value, payload);
    }
  }
}

/** The bar gets what the words leave of the line, and nothing if that is too little to see. */
function barLine(
  { progress }: { progress: number },
  { left, right }: { left: string; right: string },
  columns: number,
): string {
  const width = Math.min(BAR_MOST, columns - left.length - right.length - 3);
  const full = Math.round(width * progress);
  const bar = width < 5 ? '' : `${'█'.repeat(full)}${'░'.repeat(width - full)} `;
  return `${left} ${bar}${right}`.slice(0, columns - 1);
}

/** `layer 2 of 4  ` while layers are trained one by one. */
const place = (at: object) =>
  'layer' in at && 'layers' in at ? `layer ${Number(at.layer) + 1} of ${at.layers}  ` : '';
const speed = (steps: number) => `${steps >= 100 ? steps.toFixed(0) : steps.toPrecision(3)} steps/s`;
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** 8.3 s, 45 s, 1m46s, 2h03m. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
}
