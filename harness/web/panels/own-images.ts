// Own images in place of the built-in digits, and back. What the files hold is data/make.ts's matter.
import { button, byId } from '../dom.js';
import type { Runner } from '../run.js';
import type { State } from '../state.js';

export function ownImages(state: State, runner: Runner): void {
  const input = byId<HTMLInputElement>('files');
  button('digits', () => useImages(state, runner, undefined));
  button('choose', () => input.click());
  input.addEventListener('change', () => {
    if (input.files?.length) void useImages(state, runner, [...input.files]);
    input.value = ''; // the same files may be chosen again
  });
}

/** A fresh model on these images, or on the built-in digits. */
export function useImages(state: State, runner: Runner, files: File[] | undefined): Promise<void> {
  state.files = files;
  byId('digits').hidden = files === undefined;
  return runner.start({ data: true });
}
