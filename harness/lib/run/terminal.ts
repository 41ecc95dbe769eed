// A terminal that goes away while a program runs: an ssh connection that breaks, a window that is closed.
import fs from 'node:fs';
import tty from 'node:tty';

const STANDARD = [0, 1, 2];
const terminals = STANDARD.filter((fd) => tty.isatty(fd));

/**
 * Node sets terminals back to what they were when it ends, and aborts if one is gone. To be called before the end: such a
 * one is replaced by a file that Node leaves alone.
 */
export function letGoOfTerminals(): void {
  for (const fd of terminals)
    if (!tty.isatty(fd)) {
      fs.closeSync(fd);
      fs.openSync('/dev/null', 'r+'); // takes the lowest number that is free: this one
    }
}
