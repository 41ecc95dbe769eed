// How a program of harness/ ends: what people gave it wrong is one line on stderr and status 2; training that cannot go
// on is one line and status 1; anything else is a fault of ours and keeps its stack, status 1. A line that cannot be
// printed (`| head`) changes nothing.
import { ArgumentError, DeviceError, FormatError, LatentGpuError, TrainingError } from 'latentgpu/node';
import { BenchError } from '../bench/steps.js';
import { canPrint, print } from '../report/print.js';
import { letGoOfTerminals } from './terminal.js';

/** A download failed: no network, no such file, or not the bytes that were expected. */
export class DownloadError extends LatentGpuError {
  override readonly name = 'DownloadError';
}

/** What a program tells `runProgram` while it runs. */
export interface Program {
  /** True once every input was accepted: from then on an error is no longer the caller's. */
  accepted: boolean;
}

/** What to print and the exit status. */
export interface Failure {
  text: string;
  status: 1 | 2;
}

/** System errors that say something about the machine, not about this program. */
const MACHINE_CODES = ['EACCES', 'EDQUOT', 'EIO', 'EMFILE', 'ENOSPC', 'EPERM', 'EROFS'];

const isMachineError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && MACHINE_CODES.includes((error as NodeJS.ErrnoException).code ?? '');

/** Turns whatever was thrown into words and a status. */
export function describeFailure(error: unknown, accepted: boolean): Failure {
  const status = accepted || error instanceof TrainingError || error instanceof BenchError ? 1 : 2;
  const ours = [ArgumentError, FormatError, DeviceError, TrainingError, DownloadError, BenchError].some(
    (c) => error instanceof c,
  );
  if (ours) return { text: `error: ${oneLine((error as Error).message)}`, status };
  if (isMachineError(error)) return { text: `error: ${oneLine(error.message)}; free or name another place`, status };
  return { text: error instanceof Error ? (error.stack ?? String(error)) : String(error), status: 1 };
}

/** Messages of the library may be set over several lines; a program's are one. */
function oneLine(message: string): string {
  return message
    .trim()
    .split(/\s*\n\s*/)
    .join(' ');
}

/**
 * Runs `main`, which returns the exit status (0 if nothing). The process then ends by itself: to cut it off while a GPU
 * works can crash the driver.
 */
export async function runProgram(main: (program: Program) => Promise<number | undefined>): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) canPrint(stream);
  const program: Program = { accepted: false };
  try {
    process.exitCode = (await main(program)) ?? 0;
  } catch (error) {
    const { text, status } = describeFailure(error, program.accepted);
    print(text, process.stderr);
    process.exitCode = status;
    // The look-up of a host that nobody answers goes on for many seconds. There is no device yet.
    if (error instanceof DownloadError) process.exit();
  } finally {
    letGoOfTerminals();
  }
}
