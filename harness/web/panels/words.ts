// The page's own texts about images, as texts about rows where the data are such: those of elements with `data-words`.
import { setText } from '../dom.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

export function wordsPanel(state: State): Panel {
  const elements = [...document.querySelectorAll('[data-words]')].map(
    (element) => [element, element.textContent ?? ''] as const,
  );
  return {
    renew: () => {
      for (const [element, text] of elements) setText(element, state.worded(text));
    },
  };
}
