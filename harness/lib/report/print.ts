// Printing that costs no work: when the reader has hung up, the terminal is gone or the log's disk is full, what cannot be
// printed is dropped, and the program goes on as if it had been. All programs print through here.
const seen = new WeakSet<NodeJS.WritableStream>();
const broken = new WeakSet<NodeJS.WritableStream>();

/** Whether the stream took all that was written to it so far. */
export function canPrint(stream: NodeJS.WritableStream): boolean {
  if (!seen.has(stream)) {
    seen.add(stream);
    // Without a listener a write that fails would end the process.
    stream.on('error', () => broken.add(stream));
  }
  return !broken.has(stream);
}

/** @returns 0, the exit status of a program that only prints */
export function print(text: string, stream: NodeJS.WritableStream = process.stdout): 0 {
  if (!canPrint(stream)) return 0;
  try {
    stream.write(`${text}\n`);
  } catch {
    broken.add(stream); // a file is written at once, and a full disk is thrown
  }
  return 0;
}
