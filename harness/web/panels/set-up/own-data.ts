// Own data in place of the built-in digits, and back. What the files hold is data/make.ts's matter.
import { chosenFiles } from '../../data/chosen.js';
import { button, byId } from '../../dom.js';
import type { Runner } from '../../run.js';
import type { State } from '../../state.js';

export function ownData(state: State, runner: Runner): void {
  for (const [press, id] of [
    ['choose', 'files'],
    ['choose-folder', 'folder'],
  ] as const) {
    const input = byId<HTMLInputElement>(id);
    button(press, () => input.click());
    input.addEventListener('change', () => {
      if (input.files?.length) void runner.start({ files: chosenFiles(input.files) });
      input.value = ''; // the same files may be chosen again
    });
  }
  const digits = button('digits', () => runner.start({ files: 'digits' }));
  state.on('model', () => {
    digits.hidden = state.files === 'digits';
  });
}
