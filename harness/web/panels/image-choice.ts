// Choosing a test image by its looks: a button that shows the one that is chosen, and opens a grid of those there are.
import { byId, make } from '../dom.js';
import { HostPicture } from '../drawing/picture.js';
import type { State } from '../state.js';

/** More of them nobody looks through. */
const MOST = 200;

export interface ImageChoice {
  /** Shows an image on the button. @param image a test image, from 0 */
  show(image: number): void;
  /** Puts a frame around the button, or takes it away. */
  mark(on: boolean): void;
}

/** @param chosen hears which image was pressed on, from 0 */
export function imageChoice(state: State, id: string, chosen: (image: number) => void): ImageChoice {
  const button = byId<HTMLButtonElement>(id);
  const own = new HostPicture(button, button.getAttribute('aria-label') ?? '');
  button.addEventListener('click', () => openGrid(state, chosen));
  return {
    show: (image) => {
      if (state.size) own.draw(state.shades(state.values(image, 1)), state.size, 1);
    },
    mark: (on) => button.classList.toggle('marked', on),
  };
}

function openGrid(state: State, chosen: (image: number) => void): void {
  const { size } = state;
  if (!size) return;
  const dialog = byId<HTMLDialogElement>('choice');
  const count = Math.min(MOST, state.testCount);
  const grid = make(
    'div',
    { class: 'choice' },
    ...Array.from({ length: count }, (_, image) => {
      const name = state.imageName(image);
      const button = make('button', { type: 'button', 'aria-label': name });
      const picture = new HostPicture(button, name);
      picture.draw(state.shades(state.values(image, 1)), size, 1);
      button.addEventListener('click', () => {
        dialog.close();
        chosen(image);
      });
      return button;
    }),
  );
  byId('choice-grid').replaceChildren(grid);
  dialog.showModal();
}
