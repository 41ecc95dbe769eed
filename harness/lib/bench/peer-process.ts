// A peer of the benchmark: another library's program of the same step, in a process of its own that says when it is ready and
// is asked for times line by line (harness/peers/peer.js says how). What it says is checked before it is timed.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import readline from 'node:readline';
import { agreementFault, lossFault } from './steps.js';

export interface PeerCommand {
  name: string;
  program: string;
  args: readonly string[];
}

export interface Ready {
  version: string;
  device: string;
  /** Nats an image, of the first steps without noise, all on the first batch. */
  agreed: number[];
  /** ... of the first steps with noise, from the same weights. */
  losses: number[];
  /** Milliseconds that the last of them took. */
  ms: number;
}

export interface Timed {
  /** Milliseconds a step. */
  ms: number;
  /** Nats an image, of the last step. */
  loss: number;
}

/** What a peer's losses are compared with. */
export interface Reference {
  pixels: number;
  /** This engine's losses, to which `agreed` is held. */
  agreed: readonly number[];
}

/** A peer that cannot be measured: it is left out, and the others go on. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
}

/** Compiling takes long on software. */
const READY_MS = 300_000;
const TIMED_MS = 300_000;
const SHOWN_STDERR = 400;

export class Peer {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;
  private stderr = '';
  private readonly ended: Promise<never>;

  private constructor(private readonly command: PeerCommand) {
    const child = spawn(command.program, command.args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child = child;
    this.lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-SHOWN_STDERR);
    });
    child.stdin.on('error', () => undefined); // its end is told below
    this.ended = new Promise((_, reject) => {
      child.on('error', (error) => reject(new PeerError(`${command.name} does not start: ${error.message}`)));
      child.on('close', (status, signal) => {
        const said = this.stderr
          .trim()
          .split(/\s*\n\s*/)
          .slice(-3)
          .join(' ');
        reject(new PeerError(`${command.name} ended with ${signal ?? `status ${status}`}${said && `: ${said}`}`));
      });
    });
    this.ended.catch(() => undefined);
  }

  /** @throws PeerError if it does not get ready, or its losses are wrong */
  static async start(command: PeerCommand, { pixels, agreed }: Reference): Promise<{ peer: Peer; ready: Ready }> {
    const peer = new Peer(command);
    try {
      const ready = await peer.answer(readReady, READY_MS);
      const fault = agreementFault(ready.agreed, agreed) ?? lossFault(ready.losses, pixels);
      if (fault !== undefined) throw new PeerError(`${command.name}: ${fault}`);
      return { peer, ready };
    } catch (error) {
      peer.end();
      throw error;
    }
  }

  async time(steps: number): Promise<Timed> {
    this.child.stdin.write(`time ${steps}\n`);
    const timed = await this.answer(readTimed, TIMED_MS);
    if (Number.isFinite(timed.loss) && timed.ms > 0) return timed;
    throw new PeerError(
      `${this.command.name}: loss ${timed.loss} and ${timed.ms} ms a step, must be finite and above 0`,
    );
  }

  /** It ends by itself when nobody asks any more; one that does not is ended. */
  end(): void {
    this.child.stdin.end();
    setTimeout(() => this.child.kill('SIGKILL'), 5000).unref();
  }

  /** The next line that is an answer; libraries print what they like. */
  private async answer<T>(read: (line: string) => T | undefined, patience: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const say = () => reject(new PeerError(`${this.command.name} did not answer within ${patience / 1000} s`));
      timer = setTimeout(say, patience);
    });
    try {
      for (;;) {
        const next = await Promise.race([this.lines.next(), this.ended, late]);
        if (next.done) return await Promise.race([this.ended, late]);
        const answer = read(next.value);
        if (answer !== undefined) return answer;
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @returns undefined for a line that is no answer of this kind */
function readAnswer(line: string, bench: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const answer: unknown = JSON.parse(line.replace(/\bNaN\b|-?\bInfinity\b/g, 'null')); // Python writes these
    return typeof answer === 'object' && answer !== null && 'bench' in answer && answer.bench === bench
      ? (answer as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const numberOf = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);
const numbersOf = (values: unknown) => (Array.isArray(values) ? values.map(numberOf) : []);

export function readReady(line: string): Ready | undefined {
  const answer = readAnswer(line, 'ready');
  if (!answer) return undefined;
  const { version, device, agreed, losses, ms } = answer;
  return {
    version: String(version ?? ''),
    device: String(device ?? ''),
    agreed: numbersOf(agreed),
    losses: numbersOf(losses),
    ms: numberOf(ms),
  };
}

export function readTimed(line: string): Timed | undefined {
  const answer = readAnswer(line, 'timed');
  return answer && { ms: numberOf(answer.ms), loss: numberOf(answer.loss) };
}
