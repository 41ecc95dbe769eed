// Own images in place of the built-in digits, and back. What the files hold is data/make.ts's matter.
import { button, byId } from '../dom.js';
import type { Runner } from '../run.js';
import type { State } from '../state.js';

export function ownImages(state: State, runner: Runner): void {
  const input = byId<HTMLInputElement>('files');
  const digits = button('digits', () => runner.start({ files: 'digits' }));
  button('choose', () => input.click());
  input.addEventListener('change', () => {
    if (input.files?.length) void runner.start({ files: [...input.files] });
    input.value = ''; // the same files may be chosen again
  });
  state.on('model', () => {
    digits.hidden = state.files === 'digits';
  });
}
